//! Opening whatever a script may give as a model.

use ibq_core::{
    files::{Model, Source},
    job::Job,
};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

use super::script::{self, bad_argument};

/// Opens an address, a `Blob`, bytes, or the `File`s of a model folder. Cancelling the job ends the waiting at once.
pub(super) async fn open_model(source: &JsValue, job: &Job) -> Result<Model, JsValue> {
    let opened = job.run(open_to_the_end(source)).await;
    opened.map_err(|cancelled| script::error(&cancelled))?
}

async fn open_to_the_end(source: &JsValue) -> Result<Model, JsValue> {
    let opened = if let Some(address) = source.as_string() {
        Model::open_url(&address).await
    } else if let Some(blob) = source.dyn_ref::<web_sys::Blob>() {
        Model::open(Source::blob(&name_of(blob), blob.clone())).await
    } else if let Some(bytes) = source.dyn_ref::<Uint8Array>() {
        Model::open(Source::memory("the model in memory", bytes.to_vec())).await
    } else if let Some(files) = source.dyn_ref::<Array>() {
        return open_files(files).await;
    } else {
        let wanted = "a model is an address, a File or Blob, an ArrayBuffer, or the Files of a model folder";
        return Err(bad_argument(wanted));
    };
    opened.map_err(|error| script::error(&error))
}

/// Opens a model folder from its files: `config.json` and the safetensors.
async fn open_files(files: &Array) -> Result<Model, JsValue> {
    let (mut config, mut shards) = (None, Vec::new());
    for file in files.iter() {
        let Some(blob) = file.dyn_ref::<web_sys::Blob>() else {
            return Err(bad_argument("the list of a model folder's files holds something that is no File"));
        };
        let name = name_of(blob);
        if name.ends_with("config.json") {
            config = Some(Source::blob(&name, blob.clone()));
        } else if name.ends_with(".safetensors") {
            shards.push(Source::blob(&name, blob.clone()));
        }
    }
    let Some(config) = config else {
        return Err(bad_argument("the files of a model folder lack config.json"));
    };
    Model::open_folder(config, shards).await.map_err(|error| script::error(&error))
}

fn name_of(blob: &web_sys::Blob) -> String {
    blob.dyn_ref::<web_sys::File>().map_or_else(|| "the model".to_owned(), web_sys::File::name)
}
