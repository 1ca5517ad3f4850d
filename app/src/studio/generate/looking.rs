//! Looking at tokens: what else could have come, and how sure the model was.

use std::collections::HashSet;

use egui::TextureOptions;

use crate::studio::{
    app::{Studio, failure_notice},
    message::Failure,
    picture_texture::Pixels,
};

use super::{InsightRequest, Looked, Looking, PatchRequest, work};

/// Patches that are kept; beyond, all are forgotten and decoded again when they are wanted.
const MOST_PATCHES: usize = 2048;

impl Studio {
    /// Looks at the tokens of the picture that is shown, and asks for the patches around a position.
    pub(super) fn look(&mut self, position: u32) {
        let generate = &mut self.state.generate;
        let Some(generator) = generate.generator.clone() else { return };
        let Some(tile) = generate.board.shown.and_then(|index| generate.board.tiles.get(index)) else {
            return;
        };
        let looking = &mut generate.looking;
        let whole = (generate.board.side * generate.board.side) as usize;
        match &looking.insight {
            Some((revision, insight)) if *revision == tile.revision => {
                let Some(seen) = insight.positions.get(position as usize) else { return };
                let wanted = seen.candidates.iter().chain([&seen.chosen]).map(|candidate| candidate.token);
                let wanted: HashSet<u32> =
                    wanted.filter(|code| !looking.patches.contains_key(code)).collect();
                if wanted.is_empty() {
                    return;
                }
                let mut codes: Vec<u32> = wanted.into_iter().collect();
                codes.sort_unstable();
                let request = PatchRequest { tokenizer: generator.tokenizer.clone(), codes };
                if let Some(request) = looking.patch_run.request(request) {
                    self.start_patches(request);
                }
            }
            _ if tile.tokens.len() == whole && looking.failed != Some(tile.revision) => {
                if looking.insight_run.is_running() {
                    return;
                }
                let request = InsightRequest {
                    revision: tile.revision,
                    generator,
                    request: tile.request.clone(),
                    tokens: tile.tokens.clone(),
                };
                if let Some(request) = looking.insight_run.request(request) {
                    let task = self.tasks.start("Look at the tokens", move |job| work::look(request, job));
                    self.state.generate.looking.insight_task = Some(task);
                }
            }
            _ => {}
        }
    }

    pub(super) fn start_patches(&mut self, request: PatchRequest) {
        let task = self.tasks.start_quietly(move |job| work::patches(request, job));
        self.state.generate.looking.patch_task = Some(task);
    }

    pub(super) fn looked(&mut self, looked: Result<Box<Looked>, Failure>) {
        let generate = &mut self.state.generate;
        let looking = &mut generate.looking;
        looking.insight_task = None;
        looking.insight_run.finished();
        match looked {
            Ok(looked) => {
                looking.insight = Some((looked.revision, looked.insight));
                if let Some(position) = looking.place() {
                    self.look(position);
                }
            }
            Err(failure) => {
                looking.failed =
                    generate.board.shown.and_then(|i| Some(generate.board.tiles.get(i)?.revision));
                let notice = failure_notice("The tokens were not looked at", &failure);
                notice.into_iter().for_each(|notice| self.state.notices.push(notice));
            }
        }
    }

    pub(super) fn patched(&mut self, patches: Result<Vec<(u32, Pixels)>, Failure>) {
        let looking = &mut self.state.generate.looking;
        looking.patch_task = None;
        let next = looking.patch_run.finished();
        match patches {
            Ok(patches) => {
                if looking.patches.len() + patches.len() > MOST_PATCHES {
                    looking.patches.clear();
                }
                for (code, pixels) in patches {
                    let texture = self.ctx.load_texture("patch", pixels.image(), TextureOptions::NEAREST);
                    looking.patches.insert(code, texture);
                }
            }
            Err(failure) => {
                let notice = failure_notice("The candidates were not drawn", &failure);
                notice.into_iter().for_each(|notice| self.state.notices.push(notice));
            }
        }
        if let Some(next) = next {
            self.start_patches(next);
        }
    }
}

impl Looking {
    /// The position that is looked at.
    pub(crate) fn place(&self) -> Option<u32> {
        self.hovered.or(self.selected)
    }

    pub(super) fn forget_place(&mut self) {
        (self.hovered, self.selected, self.holding, self.height) = (None, None, None, 0.0);
    }
}
