//! Inspecting tokens: what else could have come, and how sure the model was.

use crate::studio::{failure::Failure, patches::DecodedPatches};

use super::{
    message::{Context, Message},
    state::Generate,
    tasks::{self, InsightRequest, InspectionResult, PatchRequest},
};

impl Generate {
    /// Inspects the tokens of the picture that is shown, and asks for the patches around a position.
    pub(super) fn inspect(&mut self, position: u32, context: &mut Context<'_>) {
        let Some(generator) = self.generator.clone() else { return };
        let whole = self.board.whole();
        let Some(sample) = self.board.shown.and_then(|index| self.board.samples.get(index)) else {
            return;
        };
        let inspection = &mut self.inspection;
        if let Some(insight) = inspection.insight(sample.revision) {
            let Some(seen) = insight.positions.get(position as usize) else { return };
            let wanted = seen.candidates.iter().chain([&seen.chosen]).map(|candidate| candidate.token);
            let codes = inspection.patches.missing(wanted);
            if codes.is_empty() {
                return;
            }
            let request = PatchRequest { tokenizer: generator.tokenizer.clone(), codes };
            if let Some(request) = inspection.patch_run.request(request) {
                self.start_patches(request, context);
            }
        } else if sample.tokens.len() == whole
            && inspection.failed != Some(sample.revision)
            && !inspection.insight_run.is_running()
        {
            let request = InsightRequest {
                revision: sample.revision,
                generator,
                request: sample.request.clone(),
                tokens: sample.tokens.clone(),
            };
            if let Some(request) = inspection.insight_run.request(request) {
                let work = move |job| async move { Message::Inspected(tasks::inspect(request, job).await) };
                inspection.insight_run.started(context.tasks.start("Look at the tokens", work));
            }
        }
    }

    fn start_patches(&mut self, request: PatchRequest, context: &mut Context<'_>) {
        let work = move |job| async move { Message::PatchesDecoded(tasks::patches(request, job).await) };
        self.inspection.patch_run.started(context.tasks.start_quietly(work));
    }

    pub(super) fn inspected(
        &mut self,
        result: Result<Box<InspectionResult>, Failure>,
        context: &mut Context<'_>,
    ) {
        self.inspection.insight_run.finished();
        match result {
            Ok(result) => {
                self.inspection.insight = Some((result.revision, result.insight));
                if let Some(position) = self.inspection.position() {
                    self.inspect(position, context);
                }
            }
            Err(failure) => {
                self.inspection.failed = self.shown().map(|sample| sample.revision);
                context.report("The tokens were not looked at", &failure);
            }
        }
    }

    pub(super) fn patches_decoded(
        &mut self,
        patches: Result<DecodedPatches, Failure>,
        context: &mut Context<'_>,
    ) {
        let next = self.inspection.patch_run.finished();
        match patches {
            Ok(patches) => self.inspection.patches.add(&context.shared.egui, patches),
            Err(failure) => context.report("The candidates were not drawn", &failure),
        }
        if let Some(next) = next {
            self.start_patches(next, context);
        }
    }
}
