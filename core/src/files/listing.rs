//! What the directory of a file lists: tensors that can be read, tensors that cannot, and what is to be said about them.

use super::{names::unwrap_names, stored_tensor::StoredTensor};

/// A tensor that is in the file and cannot be read. It matters only where the model needs it.
#[derive(Clone, Debug)]
pub(super) struct UnreadableTensor {
    pub(super) name: String,
    /// In which form it is stored, and what to do, as the end of a sentence about the tensor.
    pub(super) reason: String,
}

/// The tensors of one file.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) tensors: Vec<StoredTensor>,
    pub(super) unreadable: Vec<UnreadableTensor>,
    /// What was removed from the names.
    pub(super) wrappers: Vec<String>,
    /// What was chosen or changed, ready to be shown.
    pub(super) notes: Vec<String>,
}

impl Listing {
    /// All names, to be changed.
    pub(super) fn names_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let readable = self.tensors.iter_mut().map(|tensor| &mut tensor.name);
        readable.chain(self.unreadable.iter_mut().map(|tensor| &mut tensor.name))
    }

    /// Removes what wrappers put into the names, and notes it.
    pub(super) fn unwrap_names(&mut self) {
        let mut names: Vec<&mut String> = self.names_mut().collect();
        if let Some(removed) = unwrap_names(&mut names) {
            self.notes.push(format!("`{removed}` is left out of the names of its tensors"));
            self.wrappers.push(removed);
        }
    }
}
