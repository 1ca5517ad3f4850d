//! The parameters of the page's address. A page starts with them, and a link repeats what is shown. Natively there are none.

/// Parameters by name, as in `?image=…&seed=5`, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Address(Vec<(String, String)>);

impl Address {
    /// The value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Sets a parameter.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// All parameters.
    pub(crate) fn parameters(&self) -> &[(String, String)] {
        &self.0
    }

    /// The value of a parameter as an absolute address of the web, if it is one.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn url(&self, name: &str) -> Option<String> {
        crate::web::address::absolute(self.get(name)?)
    }
}

impl FromIterator<(String, String)> for Address {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(parameters: I) -> Self {
        let mut address = Self::default();
        for (name, value) in parameters {
            // As browsers do, the first of several counts.
            if address.get(&name).is_none() {
                address.set(&name, value);
            }
        }
        address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_set_and_replaced_by_name_and_keep_their_order() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut address: Address =
            [pair("class", "cat"), pair("seed", "5"), pair("seed", "6")].into_iter().collect();
        assert_eq!(address.get("seed"), Some("5"));
        address.set("class", "dog");
        address.set("image", "a.png");
        assert_eq!(address.parameters(), [pair("class", "dog"), pair("seed", "5"), pair("image", "a.png")]);
        assert_eq!(address.get("model"), None);
    }
}
