//! The sizes of a transformer, read off the shapes of its tensors.

use ibq_core::weights::TensorEntry;
use serde::Serialize;

use super::super::numbers::count;

/// What the shapes tell.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct TransformerShape {
    layers: usize,
    width: u64,
    vocabulary: u64,
    classes: u64,
    holds_tokenizer: bool,
    /// How the linear layers are stored, where they are quantised.
    #[serde(skip_serializing_if = "Option::is_none")]
    quantised: Option<&'static str>,
}

impl TransformerShape {
    /// Reads them off the official names; none where the names are others.
    pub(super) fn of(tensors: &[TensorEntry]) -> Option<Self> {
        let shape = |ending: &str| {
            let tensor = tensors.iter().find(|tensor| tensor.name.ends_with(ending))?;
            <[u64; 2]>::try_from(tensor.shape.as_slice()).ok()
        };
        let [vocabulary, width] = shape("tok_emb.weight")?;
        let [class_rows, _] = shape("class_emb.embedding_table.weight")?;
        let layer = |ending: &str| {
            let name = format!(".attention.wqkv.{ending}");
            tensors.iter().filter(|tensor| tensor.name.ends_with(&name)).count()
        };
        let forms = [("weight", None), ("int8", Some("int8")), ("int4", Some("int4"))];
        let (layers, quantised) = forms
            .into_iter()
            .map(|(ending, form)| (layer(ending), form))
            .find(|(layers, _)| *layers > 0)
            .unwrap_or((0, None));
        let holds_tokenizer = tensors.iter().any(|tensor| tensor.name.starts_with("first_stage_model."));
        // The last row of the table stands for "no class".
        Some(Self {
            layers,
            width,
            vocabulary,
            classes: class_rows.saturating_sub(1),
            holds_tokenizer,
            quantised,
        })
    }

    /// For people.
    pub(super) fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![
            ("layers", format!("{} of width {}", self.layers, count(self.width))),
            ("vocabulary", format!("{} codes", count(self.vocabulary))),
            ("classes", count(self.classes)),
            ("tokenizer", if self.holds_tokenizer { "inside".into() } else { "not inside".into() }),
        ];
        if let Some(form) = self.quantised {
            lines.push(("stored as", format!("{form}, tables and the rest as floats")));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, shape: &[u64]) -> TensorEntry {
        TensorEntry { name: name.to_owned(), shape: shape.to_vec(), dtype: "F32".to_owned() }
    }

    #[test]
    fn sizes_come_from_the_shapes() {
        let tensors = [
            entry("transformer.tok_emb.weight", &[512, 128]),
            entry("transformer.class_emb.embedding_table.weight", &[11, 128]),
            entry("transformer.blocks.0.attention.wqkv.weight", &[384, 128]),
            entry("transformer.blocks.1.attention.wqkv.weight", &[384, 128]),
        ];
        let shape = TransformerShape {
            layers: 2,
            width: 128,
            vocabulary: 512,
            classes: 10,
            holds_tokenizer: false,
            quantised: None,
        };
        assert_eq!(TransformerShape::of(&tensors), Some(shape));
        assert_eq!(TransformerShape::of(&tensors[2..]), None);
        let mut quantised = tensors;
        quantised[2] = entry("transformer.blocks.0.attention.wqkv.int4", &[32, 96, 2]);
        quantised[3] = entry("transformer.blocks.1.attention.wqkv.int4", &[32, 96, 2]);
        let shape = TransformerShape::of(&quantised).unwrap();
        assert_eq!((shape.layers, shape.quantised), (2, Some("int4")));
    }
}
