//! What the list of kernels promises, checked with naga for every variant and every storage.

mod draw;
mod files;
mod structs;
mod validation;

use naga::valid::Capabilities;

use crate::{Kernel, Storage, entry::Entry};

/// One variant of one shader for one storage.
struct Variant {
    name: String,
    entry: Entry,
    storage: Storage,
    capabilities: Capabilities,
}

impl Variant {
    fn new(name: &str, entry: Entry, storage: Storage) -> Self {
        let mut capabilities = Capabilities::SHADER_FLOAT16_IN_FLOAT32;
        capabilities.set(Capabilities::SHADER_FLOAT16, storage == Storage::NativeF16);
        Self { name: format!("{name} {storage:?}"), entry, storage, capabilities }
    }

    fn parse(&self) -> Result<(naga::Module, String), String> {
        let source = self.entry.source(self.storage).map_err(|error| error.to_string())?;
        let module = naga::front::wgsl::parse_str(&source).map_err(|error| error.emit_to_string(&source))?;
        Ok((module, source))
    }
}

/// Every variant of the list.
fn variants() -> impl Iterator<Item = Variant> {
    Kernel::all().into_iter().flat_map(|kernel| {
        Storage::ALL.into_iter().filter(move |&storage| kernel.takes(storage)).map(move |storage| {
            let mut variant = Variant::new(&format!("{kernel:?}"), kernel.entry(), storage);
            let matrix = matches!(kernel, Kernel::Conv2dMatrix(..));
            variant.capabilities.set(Capabilities::COOPERATIVE_MATRIX | Capabilities::SUBGROUP, matrix);
            variant
        })
    })
}

/// Checks every variant and shows all failures together.
fn check_all(mut check: impl FnMut(&Variant) -> Result<(), String>) {
    let problem =
        |variant: Variant| check(&variant).err().map(|problem| format!("{}: {problem}", variant.name));
    let problems: Vec<String> = variants().filter_map(problem).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
