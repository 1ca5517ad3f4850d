//! Folders that training programs write: the one checkpoint in it, or what the folder is instead.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::pytorch::ZERO_TO_FP32;

/// Endings of files that can be models, those of one step first: only where there are none of them, the next are looked at.
const ENDINGS: [&[&str]; 2] = [&["ckpt"], &["safetensors", "pt", "pth", "bin"]];
/// Most files of a folder that are named in an error.
const MOST_NAMED: usize = 8;
/// Most entries of a folder that are looked at.
const MOST_ENTRIES: usize = 10_000;

/// The only checkpoint in a folder, with a note on it.
///
/// # Errors
/// What the folder is, and what to do, as the end of a sentence about it.
pub(super) fn find(folder: &Path) -> Result<(PathBuf, String), String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .map_err(|error| error.to_string())?
        .flatten()
        .take(MOST_ENTRIES)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort_unstable();
    if let Some(reason) = sharded(&names) {
        return Err(reason);
    }
    let ends = |name: &&String, endings: &[&str]| {
        let ending = Path::new(name).extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        // macOS writes `._NAME` beside files on foreign disks.
        ending.is_some_and(|ending| endings.contains(&ending.as_str())) && !name.starts_with("._")
    };
    for endings in ENDINGS {
        let files: Vec<&String> =
            names.iter().filter(|name| ends(name, endings) && folder.join(name).is_file()).collect();
        match files[..] {
            [] => {}
            [only] => {
                return Ok((folder.join(only), format!("`{only}` is the only checkpoint in its folder")));
            }
            _ => {
                return Err(format!(
                    "a folder without `model.safetensors` and with several checkpoints; name one of them: {}",
                    list(&files)
                ));
            }
        }
    }
    let folders: Vec<&String> =
        names.iter().filter(|name| ends(name, ENDINGS[0]) && folder.join(name).is_dir()).collect();
    if let [_, ..] = folders[..] {
        return Err(format!(
            "a folder with checkpoints that are folders; name one of them: {}",
            list(&folders)
        ));
    }
    Err("a folder without `model.safetensors` or `model.safetensors.index.json`, and without a checkpoint"
        .to_owned())
}

/// What a folder is that holds one model in many files.
fn sharded(names: &[String]) -> Option<String> {
    let any = |is: fn(&str) -> bool| names.iter().any(|name| is(name));
    if any(|name| name == "zero_to_fp32.py" || name.starts_with("global_step"))
        || any(|name| name.ends_with("_optim_states.pt"))
        || any(|name| name.starts_with("mp_rank_") && name.ends_with("_model_states.pt"))
    {
        return Some(format!("the folder of a DeepSpeed checkpoint, which is in many files; {ZERO_TO_FP32}"));
    }
    if any(|name| name == ".metadata") && any(|name| name.ends_with(".distcp")) {
        let command = if any(|name| name == "meta.pt") {
            "python -m lightning.pytorch.utilities.consolidate_checkpoint FOLDER"
        } else {
            "python -m torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER model.pt"
        };
        return Some(format!(
            "a sharded checkpoint of torch.distributed (FSDP), which is in many files; make one file of it: `{command}`"
        ));
    }
    any(|name| name.ends_with(".bin.index.json")).then(|| {
        "a model in several PyTorch files; save it again as safetensors \
         (`model.save_pretrained(FOLDER, safe_serialization=True)`)"
            .to_owned()
    })
}

fn list(names: &[&String]) -> String {
    let shown: Vec<String> = names.iter().take(MOST_NAMED).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(MOST_NAMED);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}
