//! `ibq info`: what a model file is.

mod tokenizer;
mod transformer;

use std::path::PathBuf;

use ibq_core::{files::Model, tokenizer::ModelKind};
use serde::Serialize;

use super::{
    failure::Failure,
    model::{self, OpenedModel},
    numbers::{bytes, count},
    options::{TokenizerGpuOptions, WeightOptions},
    paths::stored_bytes,
    session::Session,
};
use tokenizer::TokenizerInfo;
use transformer::TransformerInfo;

/// The command line of `ibq info`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Model file (.ckpt, .pt, .safetensors) or folder [default: the bundled model]
    #[arg(value_name = "MODEL")]
    model: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    choice: WeightOptions,
    #[command(flatten)]
    gpu: TokenizerGpuOptions,
}

/// What is printed with `--json`.
#[derive(Serialize)]
struct Document {
    name: String,
    kind: &'static str,
    description: String,
    /// Size of the file, or of the files of the folder; null for the bundled model.
    file_bytes: Option<u64>,
    tensors: usize,
    /// What was chosen or changed when the model was opened.
    notes: Vec<String>,
    /// Values of all tensors.
    values: u64,
    #[serde(flatten)]
    tokenizer: Option<TokenizerInfo>,
    transformer: Option<TransformerInfo>,
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments, session: &Session) -> Result<(), Failure> {
    let opened = model::open_quietly(arguments.model.as_deref()).await?;
    let document = describe(arguments, opened, session).await?;
    if arguments.json {
        return session.print_json(&document);
    }
    let print = |lines: Vec<(&str, String)>| {
        lines.into_iter().for_each(|(what, text)| session.print(format_args!("{what:<13}{text}")));
    };
    print(lines(&document));
    if let Some(info) = &document.transformer {
        print(info.lines());
        info.print_memory(session);
    }
    if let Some(info) = &document.tokenizer {
        if document.transformer.is_some() {
            session.print(format_args!("\nthe tokenizer inside"));
        }
        print(info.lines());
        info.print_memory(session);
    }
    Ok(())
}

async fn describe(
    arguments: &Arguments,
    opened: OpenedModel,
    session: &Session,
) -> Result<Document, Failure> {
    let kind = opened.model.kind();
    // A transformer may carry its tokenizer.
    let has_tokenizer = match kind {
        ModelKind::Tokenizer => true,
        ModelKind::Transformer => !opened.model.available().is_empty(),
        ModelKind::Discriminator | ModelKind::Unsupported(_) | ModelKind::Unknown => false,
    };
    let has_transformer = kind == ModelKind::Transformer;
    let (mut tokenizer, mut transformer) = (None, None);
    if has_tokenizer || has_transformer {
        let device = model::open_device(&arguments.gpu.gpu, session).await;
        if has_tokenizer {
            tokenizer = Some(TokenizerInfo::new(&opened, arguments, &device)?);
        }
        if has_transformer {
            let device = device.as_ref().ok();
            transformer =
                Some(TransformerInfo::new(&opened.model, device, &arguments.choice, has_tokenizer)?);
        }
    }
    Ok(Document {
        kind: kind.key(),
        description: describe_kind(kind, tokenizer.as_ref()),
        file_bytes: arguments.model.as_deref().map(stored_bytes),
        tensors: opened.model.tensors().len(),
        notes: opened.model.notes().to_vec(),
        values: stored_values(&opened.model),
        tokenizer,
        transformer,
        name: opened.name,
    })
}

fn describe_kind(kind: ModelKind, tokenizer: Option<&TokenizerInfo>) -> String {
    match kind {
        ModelKind::Tokenizer => {
            let family = tokenizer.map_or("", TokenizerInfo::family);
            format!("{family} tokenizer: encoder, codebook, decoder")
        }
        ModelKind::Transformer => "autoregressive transformer over tokens".to_owned(),
        ModelKind::Discriminator => "discriminator of the training, no use on its own".to_owned(),
        ModelKind::Unsupported(unsupported) => {
            format!("{}, which is not supported: {}", unsupported.name, unsupported.reason)
        }
        ModelKind::Unknown => "tensors that are no model known here".to_owned(),
    }
}

fn stored_values(model: &Model) -> u64 {
    let values = |shape: &[u64]| shape.iter().fold(1_u64, |product, &length| product.saturating_mul(length));
    model.tensors().iter().fold(0, |sum: u64, tensor| sum.saturating_add(values(&tensor.shape)))
}

fn lines(document: &Document) -> Vec<(&'static str, String)> {
    let mut lines = vec![("model", document.name.clone()), ("kind", document.description.clone())];
    if let Some(size) = document.file_bytes {
        lines.push(("file", bytes(size)));
    }
    lines.extend(document.notes.iter().map(|note| ("note", note.clone())));
    if document.tokenizer.is_none() && document.transformer.is_none() {
        let (values, tensors) = (count(document.values), count(document.tensors as u64));
        lines.push(("values", format!("{values} in {tensors} tensors")));
    }
    lines
}
