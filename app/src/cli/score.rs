//! `ibq score`: how probable the tokens of pictures are under a class.

use std::path::PathBuf;

use ibq_core::{
    formats::npy::NpyHeader,
    tokens::TokenGrid,
    transformer::{Condition, Logits, Transformer, TransformerPrecision, log_sum_exp},
};
use serde::Serialize;

use super::{
    classes::resolve_class,
    failure::Failure,
    options::TransformerGpuOptions,
    outputs,
    paths::shown,
    read::read_tokens,
    session::Session,
    table::{Column, Table},
    transformer::{self, TransformerOptions},
};

/// The command line of `ibq score`.
#[derive(clap::Args)]
#[command(after_help = "The likelihood is that of the model itself: without guidance, at temperature 1.")]
pub(crate) struct Arguments {
    /// Token file (.json, .npy, .safetensors)
    #[arg(value_name = "TOKENS")]
    tokens: PathBuf,
    /// Class: its number, or its name where the model has names; none for "no class"
    #[arg(long, value_name = "N|NAME|none")]
    class: String,
    /// Write the logits of one picture as f32 [tokens + 1, codes]
    #[arg(long, value_name = "OUT.npy")]
    logits: Option<PathBuf>,
    /// Print one JSON document, with the likelihood of every token
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    transformer: TransformerOptions,
    #[command(flatten)]
    gpu: TransformerGpuOptions,
}

/// One picture, for JSON documents.
#[derive(Serialize)]
struct Scored {
    picture: usize,
    tokens: usize,
    log_likelihood: f64,
    per_token: Vec<f64>,
}

/// Runs the command.
pub(crate) async fn run(arguments: &Arguments, session: &Session) -> Result<(), Failure> {
    let path = &arguments.tokens;
    let file = read_tokens(path, None, session)?;
    if arguments.logits.is_some() && file.grids.len() != 1 {
        let reason = format!("holds {} pictures; --logits takes one", file.grids.len());
        return Err(Failure::in_file(path, reason));
    }
    let opened = transformer::open(&arguments.transformer, session).await?;
    let condition = match arguments.class.as_str() {
        "none" => Condition::None,
        name => Condition::Class(resolve_class(name, &opened, session)?),
    };
    let precision = transformer::precision(&opened, &arguments.gpu, TransformerPrecision::default())?;
    let device = transformer::open_device(&arguments.gpu, precision.name(), session).await?;
    session.title(opened.name());
    let model = opened.load_transformer(&device, precision, session.job()).await?;
    let mut scored = Vec::new();
    for (index, grid) in file.grids.iter().enumerate() {
        session.title_of_input(index, file.grids.len(), &shown(path));
        let (logits, per_token) = score_grid(&model, condition, grid, session).await?;
        if let Some(out) = &arguments.logits {
            outputs::write(out, &npy(&logits))?;
        }
        let log_likelihood = per_token.iter().sum();
        scored.push(Scored { picture: index + 1, tokens: per_token.len(), log_likelihood, per_token });
    }
    if arguments.json {
        return session.print_json(&scored);
    }
    let columns = vec![
        Column::new("tokens", "", 6),
        Column::new("log-likelihood", "nats", 14),
        Column::new("per token", "nats", 9),
        Column::new("perplexity", "", 10),
    ];
    let table = Table::new("picture", 7, columns);
    session.print(table.header());
    for scored in &scored {
        let each = scored.log_likelihood / scored.tokens.max(1) as f64;
        let cells = [
            scored.tokens.to_string(),
            format!("{:.2}", scored.log_likelihood),
            format!("{each:.3}"),
            format!("{:.1}", (-each).exp()),
        ];
        session.print(table.row(&scored.picture.to_string(), &cells));
    }
    Ok(())
}

async fn score_grid(
    model: &Transformer,
    condition: Condition,
    grid: &TokenGrid,
    session: &Session,
) -> Result<(Logits, Vec<f64>), Failure> {
    let side = model.config().side();
    if (grid.rows, grid.cols) != (side, side) {
        let (rows, cols) = (grid.rows, grid.cols);
        return Err(Failure::Failed(format!(
            "a grid of {rows} × {cols} tokens does not fit: this transformer makes {side} × {side}"
        )));
    }
    let logits = model.logits(condition, &grid.tokens, None, session.job()).await?;
    let likelihood = |(position, &token): (usize, &u32)| {
        let row = logits.row(position);
        f64::from(row[token as usize]) - log_sum_exp(row)
    };
    let per_token = grid.tokens.iter().enumerate().map(likelihood).collect();
    Ok((logits, per_token))
}

/// Logits as a NumPy file.
fn npy(logits: &Logits) -> Vec<u8> {
    let vocab = logits.vocab as usize;
    let rows = logits.values.len() / vocab.max(1);
    let mut out = NpyHeader::encode("<f4", &[rows as u64, vocab as u64]);
    out.extend(logits.values.iter().flat_map(|value| value.to_le_bytes()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numpy_files_have_an_aligned_header() {
        let bytes = npy(&Logits { vocab: 3, values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0] });
        assert_eq!(bytes.len() % 64, 24);
        let text = String::from_utf8_lossy(&bytes[10..bytes.len() - 24]).into_owned();
        assert!(text.contains("(2, 3)") && text.ends_with('\n'), "{text}");
        assert_eq!(bytes[bytes.len() - 4..], 6.0_f32.to_le_bytes());
    }
}
