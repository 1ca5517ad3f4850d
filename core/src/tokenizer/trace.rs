//! Every named activation of a run, for comparing with the official implementation.

use crate::{
    job::Job,
    ops::{Map, Program},
    picture::Size,
    tokens::Grid,
};

use super::{Tokenizer, TokenizerError};

/// Values of one activation.
#[derive(Clone, Debug, PartialEq)]
pub struct Activation {
    /// Batch, channels, height, width.
    pub shape: [usize; 4],
    /// Values in NCHW order.
    pub values: Vec<f32>,
}

/// Named activations of one run, in order: `enc.conv_in`, `enc.down.0.out`, …, `dec.conv_out`.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// Name and values.
    pub activations: Vec<(String, Activation)>,
    /// The tokens of an encoder's run: batch × rows × columns.
    pub indices: Vec<u32>,
    /// Their margins.
    pub margins: Vec<f32>,
}

impl Trace {
    /// The activation of this name.
    #[must_use]
    pub fn activation(&self, name: &str) -> Option<&Activation> {
        self.activations.iter().find(|(known, _)| known == name).map(|(_, values)| values)
    }
}

impl Tokenizer {
    /// Encodes pictures given in the network's range and returns all activations. `shape` is batch, height, width; `picture`
    /// is NCHW with three channels.
    ///
    /// # Errors
    /// [`TokenizerError`]: a size that does not fit, no memory, a lost device.
    pub async fn trace_encode(
        &self,
        picture: &[f32],
        (items, height, width): (u32, u32, u32),
    ) -> Result<Trace, TokenizerError> {
        let grid = super::plan::grid_of(Size::new(width, height), self.config().factor())?;
        let inner = &*self.0;
        let pixels = height as usize * width as usize;
        if picture.len() != 3 * pixels * items as usize {
            let wanted = 3 * pixels * items as usize;
            let message = format!("a batch of pictures with {} values, not {wanted}", picture.len());
            return Err(TokenizerError::Input(message));
        }
        let (graph, io) = self.planner().encoder(items, grid, true);
        let program = inner.executor.prepare(graph, inner.storage).await?;
        let mut nhwc = vec![0.0; picture.len()];
        for (index, value) in picture.iter().enumerate() {
            let (item, channel, pixel) = (index / (3 * pixels), index / pixels % 3, index % pixels);
            nhwc[3 * (item * pixels + pixel) + channel] = *value;
        }
        program.put(&io.picture, &nhwc);
        // The first operation would make the picture out of 8-bit pixels.
        let activations = run_to_activations(&*program, 1).await?;
        let mut trace = Trace { activations, ..Trace::default() };
        let count = u64::from(items) * grid.tokens();
        trace.indices = program.read(io.indices, count).await?;
        trace.margins = program.read(io.margins, count).await?;
        Ok(trace)
    }

    /// Decodes tokens and returns all activations; `dec.conv_out` is the picture in the network's range, not clamped.
    /// `shape` is batch, rows, columns.
    ///
    /// # Errors
    /// [`TokenizerError`]: a size that does not fit, no memory, a lost device.
    pub async fn trace_decode(
        &self,
        indices: &[u32],
        (items, rows, cols): (u32, u32, u32),
    ) -> Result<Trace, TokenizerError> {
        let inner = &*self.0;
        let wanted = items as usize * rows as usize * cols as usize;
        if wanted == 0 || indices.len() != wanted {
            return Err(TokenizerError::Input(format!("{} tokens, not {wanted}", indices.len())));
        }
        if let Some(&token) = indices.iter().find(|&&token| token >= self.config().quantizer().codes) {
            return Err(TokenizerError::Input(format!("token {token} is beyond the codebook")));
        }
        let (graph, io) = self.planner().decoder(items, Grid::new(rows, cols), true);
        let program = inner.executor.prepare(graph, inner.storage).await?;
        program.write(io.indices, indices);
        let activations = run_to_activations(&*program, 0).await?;
        Ok(Trace { activations, ..Trace::default() })
    }
}

/// Runs all operations from `first` on, and reads each activation when it is complete: later operations may reuse its memory.
async fn run_to_activations(
    program: &dyn Program,
    first: usize,
) -> Result<Vec<(String, Activation)>, TokenizerError> {
    let job = Job::new();
    let mut activations = Vec::new();
    let mut done = first;
    for (name, map, until) in program.activations() {
        program.run(done..until, false, &job, &|_| {}).await?;
        done = until;
        activations.push((name, nchw(&program.values(&map).await?, &map)));
    }
    program.run(done..program.operations(), false, &job, &|_| {}).await?;
    Ok(activations)
}

fn nchw(values: &[f32], map: &Map) -> Activation {
    let shape = [map.items, map.c, map.h, map.w].map(|side| side as usize);
    let [items, channels, height, width] = shape;
    let pixels = height * width;
    let mut out = vec![0.0; values.len()];
    for item in 0..items {
        for pixel in 0..pixels {
            for channel in 0..channels {
                out[(item * channels + channel) * pixels + pixel] =
                    values[(item * pixels + pixel) * channels + channel];
            }
        }
    }
    Activation { shape, values: out }
}
