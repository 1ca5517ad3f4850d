//! The next token of every picture, drawn from its logits.

use ibq_cpu::Drawing;
use ibq_shaders::{
    Kernel, NO_INDEX, Storage,
    params::{SampleParams, SampleSettings},
};
use serde::{Deserialize, Serialize};

use crate::gpu::{Bound, DispatchBuilder, Extent};

use super::{EmitContext, Host, Op, TensorId};

/// Guides, filters and draws at the position of the state; `sample.wgsl` says how.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// The position.
    pub(crate) state: TensorId,
    /// [rows, stride]; with `unconditional` the second half of the rows is without a class.
    pub(crate) logits: TensorId,
    /// A [`SampleSettings`] of each picture.
    pub(crate) settings: TensorId,
    /// [pictures, block]: the scale of guidance at each position.
    pub(crate) guidance: TensorId,
    /// [pictures, block]: a token that is given, or [`NO_INDEX`].
    pub(crate) fixed: TensorId,
    /// [pictures, block]: the result; [`NO_INDEX`] where a logit is not finite.
    pub(crate) tokens: TensorId,
    /// [pictures, vocab]: guided logits, divided by the temperature.
    pub(crate) guided: TensorId,
    /// `[pictures]`: the key of the smallest guided logit that may be drawn.
    pub(crate) filters: TensorId,
    pub(crate) pictures: u32,
    pub(crate) vocab: u32,
    pub(crate) stride: u32,
    pub(crate) block: u32,
    pub(crate) unconditional: bool,
}

impl Op for Sample {
    fn touches(&self) -> Vec<TensorId> {
        let Self { state, logits, settings, guidance, fixed, tokens, guided, filters, .. } = *self;
        vec![state, logits, settings, guidance, fixed, tokens, guided, filters]
    }

    fn label(&self) -> String {
        "sample".to_owned()
    }

    fn bytes(&self) -> Option<f64> {
        Some(f64::from(self.pictures) * f64::from(self.vocab) * 12.0)
    }

    fn compute(&self, host: &mut Host<'_>) {
        let position = host.tensor(self.state)[0].to_bits();
        if position >= self.block {
            return;
        }
        let (pictures, vocab) = (self.pictures as usize, self.vocab as usize);
        let (mut tokens, mut filters) = (host.take(self.tokens), host.take(self.filters));
        let mut guided = host.take(self.guided);
        let words = pictures * size_of::<SampleSettings>() / 4;
        let settings: &[SampleSettings] = bytemuck::cast_slice(&host.tensor(self.settings)[..words]);
        let slot = |picture: usize| picture * self.block as usize + position as usize;
        let drawing = |(picture, settings): (usize, &SampleSettings)| {
            let fixed = host.tensor(self.fixed)[slot(picture)].to_bits();
            Drawing {
                seed: u64::from(settings.seed_low) | u64::from(settings.seed_high) << 32,
                number: settings.number,
                position,
                fixed: (fixed != NO_INDEX).then_some(fixed),
                scale: host.tensor(self.guidance)[slot(picture)],
                temperature: settings.temperature,
                top_k: settings.top_k,
                top_p: settings.top_p,
            }
        };
        let drawings: Vec<Drawing> = settings.iter().enumerate().map(drawing).collect();
        let logits = host.tensor(self.logits);
        let row = |row: usize| &logits[row * self.stride as usize..][..vocab];
        let without = |picture: usize| self.unconditional.then(|| row(pictures + picture));
        let drawn = ibq_cpu::sample(host.cpu, &drawings, row, without, &mut guided[..pictures * vocab]);
        for (picture, drawn) in drawn.into_iter().enumerate() {
            bytemuck::cast_slice_mut::<f32, u32>(&mut tokens)[slot(picture)] = drawn.token;
            bytemuck::cast_slice_mut::<f32, u32>(&mut filters)[picture] = drawn.filter;
        }
        host.put(self.tokens, tokens);
        host.put(self.filters, filters);
        host.put(self.guided, guided);
    }

    fn emit<'a>(&self, context: &'a EmitContext<'a>) -> Vec<DispatchBuilder<'a>> {
        let mut bindings = vec![Bound::whole(context.buffer(self.state))];
        bindings.extend(self.touches().into_iter().skip(1).map(|tensor| context.bind_tensor(tensor)));
        vec![DispatchBuilder {
            kernel: Kernel::Sample,
            storage: Storage::F32,
            params: SampleParams {
                pictures: self.pictures,
                vocab: self.vocab,
                stride: self.stride,
                block: self.block,
                unconditional: self.unconditional.into(),
            }
            .into(),
            bindings,
            extent: Extent::Workgroups([self.pictures, 1, 1]),
            label: "sample".into(),
            flops: 0.0,
            bytes: self.bytes().unwrap_or(0.0),
        }]
    }
}
