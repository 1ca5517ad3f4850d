//! What the messages about tokens do: selecting, changing, decoding again, looking up.

use egui::TextureOptions;

use crate::studio::{
    app::{Studio, failure_notice},
    message::Failure,
    stroke::line,
};

use super::{
    DecodeRequest, Decoded, DetailKey, DetailRequest, Detailed, Details, EditCommand, update::layered, work,
};

/// Patches that are kept; beyond, all are forgotten and decoded again when they are wanted.
const MOST_PATCHES: usize = 2048;

impl Studio {
    /// Changes the tokens of the first model, and decodes them.
    pub(crate) fn edit(&mut self, command: EditCommand) {
        let screen = &mut self.state.reconstruct;
        let Some(shown) = &mut screen.panes[0].shown else { return };
        let (editing, tokens) = (&mut screen.editing, &mut shown.tokens);
        let cols = tokens.grid().cols;
        let changed = match command {
            EditCommand::Select(position) => {
                editing.selected = position;
                if let Some(position) = position {
                    editing.code = tokens.get(position).unwrap_or(editing.code);
                    self.inspect(position);
                }
                return;
            }
            EditCommand::Replace { position, code } => {
                editing.code = code;
                tokens.set([(position, code)])
            }
            EditCommand::Paint { position } => {
                let (rows, code) = (tokens.grid().rows, editing.code);
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
        shown.count_tokens();
        let painting = matches!(command, EditCommand::Paint { .. });
        let request = DecodeRequest {
            model: shown.model.clone(),
            grid: shown.tokens.grid().clone(),
            size: shown.picture.rgb.dimensions(),
            original: shown.original.as_ref().map(|original| original.rgb.clone()),
            tiling: screen.tiling,
            compare: !painting,
        };
        let selected = screen.editing.selected;
        if let Some(request) = screen.decode.request(request) {
            self.start_decode(request);
        }
        if let Some(position) = selected {
            self.inspect(position);
        }
    }

    fn start_decode(&mut self, request: DecodeRequest) {
        let task = self.tasks.start_quietly(move |job| work::decode_edit(request, job));
        self.state.reconstruct.decode_task = Some(task);
    }

    pub(crate) fn decoded(&mut self, decoded: Result<Box<Decoded>, Failure>) {
        let screen = &mut self.state.reconstruct;
        screen.decode_task = None;
        if let Some(next) = screen.decode.finished() {
            self.start_decode(next);
        }
        let screen = &mut self.state.reconstruct;
        match decoded {
            Ok(decoded) => {
                let current = screen.first().is_some_and(|shown| shown.model.id == decoded.model);
                if !current {
                    return;
                }
                let picture = layered(screen, &self.ctx, "edited", decoded.picture);
                if let Some(shown) = &mut screen.panes[0].shown
                    && shown.picture.rgb.dimensions() == picture.rgb.dimensions()
                {
                    shown.picture = picture;
                    (shown.numbers.psnr, shown.numbers.ssim) = decoded.compared.unzip();
                    for time in decoded.times {
                        shown.numbers.times.retain(|kept| kept.stage != time.stage);
                        shown.numbers.times.push(time);
                    }
                }
            }
            Err(failure) => {
                let notice = failure_notice("The edited tokens were not decoded", &failure);
                notice.into_iter().for_each(|notice| self.state.notices.push(notice));
            }
        }
    }

    /// Looks up a token of the first model.
    pub(crate) fn inspect(&mut self, position: u32) {
        let screen = &mut self.state.reconstruct;
        let Some(shown) = &screen.panes[0].shown else { return };
        let Some(code) = shown.tokens.get(position) else { return };
        let key = DetailKey { model: shown.model.id, position, code };
        if screen.details.as_ref().is_some_and(|details| details.key == key) {
            return;
        }
        let request = DetailRequest {
            key,
            tokenizer: shown.model.tokenizer.clone(),
            latent: shown.latent(position),
            known: screen.patches.keys().copied().collect(),
        };
        if let Some(request) = screen.detail.request(request) {
            self.start_detail(request);
        }
    }

    fn start_detail(&mut self, request: DetailRequest) {
        let task = self.tasks.start_quietly(move |job| work::detail(request, job));
        self.state.reconstruct.detail_task = Some(task);
    }

    pub(crate) fn detailed(&mut self, detailed: Result<Box<Detailed>, Failure>) {
        let screen = &mut self.state.reconstruct;
        screen.detail_task = None;
        if let Some(next) = screen.detail.finished() {
            self.start_detail(next);
        }
        let screen = &mut self.state.reconstruct;
        match detailed {
            Ok(detailed) => {
                if screen.patches.len() + detailed.patches.len() > MOST_PATCHES {
                    screen.patches.clear();
                }
                for (code, pixels) in detailed.patches {
                    let texture = self.ctx.load_texture("patch", pixels.image(), TextureOptions::NEAREST);
                    screen.patches.insert(code, texture);
                }
                screen.details =
                    Some(Details { key: detailed.key, here: detailed.here, near: detailed.near });
            }
            Err(failure) => {
                let notice = failure_notice("The codebook was not searched", &failure);
                notice.into_iter().for_each(|notice| self.state.notices.push(notice));
            }
        }
    }
}

/// The positions under a square brush.
fn brush_cells(position: u32, side: u32, rows: u32, cols: u32) -> Vec<u32> {
    let (row, col) = (position / cols.max(1), position % cols.max(1));
    let before = side.saturating_sub(1) / 2;
    let rows = row.saturating_sub(before)..(row + side.max(1) - before).min(rows);
    rows.flat_map(|r| {
        (col.saturating_sub(before)..(col + side.max(1) - before).min(cols)).map(move |c| r * cols + c)
    })
    .collect()
}

/// The positions of the rectangle between two corners.
pub(super) fn rectangle(from: u32, to: u32, cols: u32) -> Vec<u32> {
    let cols = cols.max(1);
    let (rows, columns) = ((from / cols, to / cols), (from % cols, to % cols));
    let rows = rows.0.min(rows.1)..=rows.0.max(rows.1);
    rows.flat_map(|row| {
        (columns.0.min(columns.1)..=columns.0.max(columns.1)).map(move |col| row * cols + col)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_brush_stays_within_the_grid() {
        assert_eq!(brush_cells(4, 1, 3, 3), [4]);
        assert_eq!(brush_cells(4, 3, 3, 3), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(brush_cells(0, 3, 3, 3), [0, 1, 3, 4]);
        assert_eq!(brush_cells(8, 2, 3, 3), [8]);
    }

    #[test]
    fn a_rectangle_may_be_drawn_in_any_direction() {
        assert_eq!(rectangle(1, 8, 4), rectangle(8, 1, 4));
        assert_eq!(rectangle(1, 8, 4), [0, 1, 4, 5, 8, 9]);
        assert_eq!(rectangle(6, 6, 4), [6]);
    }
}
