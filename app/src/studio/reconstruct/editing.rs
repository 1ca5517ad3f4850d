//! What the messages about tokens do: selecting, changing, decoding again, looking up.

use crate::studio::{failure::Failure, stroke::line};

use super::{
    cells::{brush_cells, rectangle},
    message::{Context, EditCommand, Message},
    state::{Details, Reconstruct},
    tasks::{self, CodeDetails, DecodeRequest, Decoded, DetailKey, DetailRequest},
};

impl Reconstruct {
    /// Changes the tokens of the first model, and decodes them.
    pub(super) fn edit(&mut self, command: EditCommand, context: &mut Context<'_>) {
        let Some(view) = &mut self.sides[0].view else { return };
        let (editing, tokens) = (&mut self.editing, &mut view.tokens);
        let selection = &mut context.shared.selection;
        let cols = tokens.grid().cols;
        let changed = match command {
            EditCommand::Select(position) => {
                selection.cell = position;
                if let Some(position) = position {
                    selection.code = tokens.get(position).unwrap_or(selection.code);
                    self.look_up(position, context);
                }
                return;
            }
            EditCommand::Replace { position, code } => {
                selection.code = code;
                tokens.set([(position, code)])
            }
            EditCommand::Paint { position } => {
                let (rows, code) = (tokens.grid().rows, selection.code);
                let from = editing.stroke.replace(position).unwrap_or(position);
                let cells = line(from, position, cols);
                let cells = cells.into_iter().flat_map(|cell| brush_cells(cell, editing.brush, rows, cols));
                tokens.paint(cells.map(|cell| (cell, code)))
            }
            EditCommand::EndStroke => {
                tokens.end_stroke();
                editing.stroke = None;
                // Now that the pointer rests, the comparison with the original is worth its time.
                true
            }
            EditCommand::Shuffle { from, to } => {
                editing.shuffles += 1;
                tokens.shuffle(&rectangle(from, to, cols), editing.shuffles)
            }
            EditCommand::ShuffleAll => {
                editing.shuffles += 1;
                let all: Vec<u32> = (0..tokens.grid().tokens.len() as u32).collect();
                tokens.shuffle(&all, editing.shuffles)
            }
            EditCommand::Reset => tokens.reset(),
            EditCommand::Undo => tokens.undo(),
            EditCommand::Redo => tokens.redo(),
        };
        if !changed {
            return;
        }
        view.count_tokens();
        let painting = matches!(command, EditCommand::Paint { .. });
        let request = DecodeRequest {
            model: view.model.clone(),
            grid: view.tokens.grid().clone(),
            size: view.picture.rgb.dimensions(),
            original: view.original.as_ref().map(|original| original.rgb.clone()),
            tiling: selection.processing.tiling,
            compare: !painting,
        };
        let selected = selection.cell;
        if let Some(request) = self.decode.request(request) {
            self.start_decode(request, context);
        }
        if let Some(position) = selected {
            self.look_up(position, context);
        }
    }

    fn start_decode(&mut self, request: DecodeRequest, context: &mut Context<'_>) {
        let work = move |job| async move { Message::Decoded(tasks::decode_edit(request, job).await) };
        self.decode.started(context.tasks.start_quietly(work));
    }

    pub(super) fn decoded(&mut self, decoded: Result<Box<Decoded>, Failure>, context: &mut Context<'_>) {
        if let Some(next) = self.decode.finished() {
            self.start_decode(next, context);
        }
        match decoded {
            Ok(decoded) => {
                let current = self.first().is_some_and(|view| view.model.id == decoded.model);
                if !current {
                    return;
                }
                let picture = self.upload(&context.shared.egui, "edited", decoded.picture);
                if let Some(view) = &mut self.sides[0].view
                    && view.picture.rgb.dimensions() == picture.rgb.dimensions()
                {
                    view.picture = picture;
                    (view.numbers.psnr, view.numbers.ssim) = decoded.compared.unzip();
                    for time in decoded.times {
                        view.numbers.times.retain(|kept| kept.stage != time.stage);
                        view.numbers.times.push(time);
                    }
                }
            }
            Err(failure) => context.report("The edited tokens were not decoded", &failure),
        }
    }

    /// Looks up a token of the first model.
    pub(super) fn look_up(&mut self, position: u32, context: &mut Context<'_>) {
        let Some(view) = self.first() else { return };
        let Some(code) = view.tokens.get(position) else { return };
        let key = DetailKey { model: view.model.id, position, code };
        if self.details.as_ref().is_some_and(|details| details.key == key) {
            return;
        }
        let request = DetailRequest {
            key,
            tokenizer: view.model.tokenizer.clone(),
            latent: view.latent(position),
            known: self.patches.codes(),
        };
        if let Some(request) = self.detail.request(request) {
            self.start_look_up(request, context);
        }
    }

    fn start_look_up(&mut self, request: DetailRequest, context: &mut Context<'_>) {
        let work = move |job| async move { Message::Detailed(tasks::look_up(request, job).await) };
        self.detail.started(context.tasks.start_quietly(work));
    }

    pub(super) fn detailed(&mut self, details: Result<Box<CodeDetails>, Failure>, context: &mut Context<'_>) {
        if let Some(next) = self.detail.finished() {
            self.start_look_up(next, context);
        }
        match details {
            Ok(details) => {
                if self.first().is_none_or(|view| view.model.id != details.key.model) {
                    return;
                }
                self.patches.add(&context.shared.egui, details.patches);
                self.details = Some(Details { key: details.key, here: details.here, near: details.near });
            }
            Err(failure) => context.report("The codebook was not searched", &failure),
        }
    }
}
