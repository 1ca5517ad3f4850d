//! From weights in files to parameters on the device: turned, folded and quantized piece by piece.

use ibq_shaders::WeightFormat;

use crate::{
    device::Device,
    job::Job,
    ops::{
        Executor, LinearPart, LinearRows, LinearShape, LinearWords, PIECE, ParameterLoader, load_parameters,
    },
};

use super::{
    TransformerConfig, TransformerError, TransformerPrecision, TransformerWeights,
    layers::{BlockLayers, HEAD_PIECE, Layer},
};

/// The table of the tokens.
pub(super) const TOKENS: &str = "tok_emb.weight";
/// The table of the classes, the last of which stands for "no class".
pub(super) const CLASSES: &str = "class_emb.embedding_table.weight";
/// Cosine and sine of every position and pair.
pub(super) const ROTATIONS: &str = "rotations";

/// Reads every parameter and brings it to the device.
///
/// # Errors
/// [`TransformerError`]: a tensor that cannot be read, no memory, cancelled.
pub(super) async fn load(
    device: &Device,
    weights: &TransformerWeights,
    precision: TransformerPrecision,
    job: &Job,
) -> Result<Box<dyn Executor>, TransformerError> {
    let config = weights.config();
    job.stage("load weights");
    let mut loader = Loader::new(device, weights, precision, job).await?;
    loader.table(TOKENS, config.vocab_size).await?;
    loader.table(CLASSES, config.class_num + 1).await?;
    for index in 0..config.n_layer {
        let BlockLayers { condition, qkv, output, gate, down } = config.block_layers(index);
        loader.condition(&condition).await?;
        for layer in [&qkv, &output, &gate, &down] {
            loader.layer(layer).await?;
        }
    }
    loader.condition(&config.head_condition()).await?;
    loader.head().await?;
    loader.parameters.put_vector(ROTATIONS, &rotations(config)).await?;
    Ok(loader.parameters.finish())
}

/// Reads tensors and brings them to the device.
pub(super) struct Loader<'a> {
    pub(super) parameters: Box<dyn ParameterLoader>,
    weights: &'a TransformerWeights,
    format: WeightFormat,
    /// Bytes of four floats on the device.
    four: u64,
    job: &'a Job,
    total: f32,
    done: f32,
}

impl<'a> Loader<'a> {
    /// A loader for one model.
    ///
    /// # Errors
    /// [`TransformerError`]: no memory, weights that are stored quantized in another way.
    pub(super) async fn new(
        device: &Device,
        weights: &'a TransformerWeights,
        precision: TransformerPrecision,
        job: &'a Job,
    ) -> Result<Self, TransformerError> {
        if let Some(stored) = weights.quantized()
            && stored != precision
        {
            let (stored, asked) = (stored.name(), precision.name());
            let reason = format!("{} is stored as {stored}; it cannot become {asked}", weights.name());
            return Err(TransformerError::Input(reason));
        }
        Ok(Self {
            parameters: load_parameters(device, precision.floats()).await?,
            weights,
            format: precision.format(),
            four: precision.storage(device).bytes_of_four(),
            job,
            total: weights.config().parameter_count() as f32,
            done: 0.0,
        })
    }

    fn progress(&mut self, values: u64) -> Result<(), TransformerError> {
        self.job.check()?;
        self.done += values as f32;
        self.job.set_progress((self.done / self.total).min(1.0));
        Ok(())
    }

    /// Fails where a kernel could not see all of these bytes.
    fn check_binding(&self, what: &str, bytes: u64) -> Result<(), TransformerError> {
        let limit = self.parameters.largest_binding();
        if bytes <= limit {
            return Ok(());
        }
        let advice = "use a smaller precision";
        Err(TransformerError::TooLarge { what: format!("`{what}`"), bytes, limit, advice })
    }

    /// A table whose rows are looked up. That of the classes must be one binding.
    async fn table(&mut self, name: &str, rows: u32) -> Result<(), TransformerError> {
        let columns = self.weights.config().n_embd;
        let row = u64::from(columns / 4) * self.four;
        if name == CLASSES {
            self.check_binding(name, u64::from(rows) * row)?;
        }
        let shard = (self.parameters.largest_binding() / row).clamp(1, rows.into()) as u32;
        self.parameters.begin_table(name, (rows, columns), shard).await?;
        for begin in (0..rows).step_by(shard as usize) {
            let end = rows.min(begin.saturating_add(shard));
            for (first, count) in pieces(begin, end, columns) {
                let values = self.weights.read_rows(name, first, count).await?;
                self.parameters.put_table_rows(name, &values).await?;
                self.progress(values.len() as u64)?;
            }
        }
        Ok(())
    }

    /// The layer that makes the logits. What is stored quantized comes in the pieces of its file.
    async fn head(&mut self) -> Result<(), TransformerError> {
        let config = self.weights.config();
        let layer = config.head_layer();
        let shape = layer.shape(self.format);
        if self.weights.quantized().is_some() {
            self.parameters.begin_linear(&layer.stem, shape, HEAD_PIECE).await?;
            for (first, piece) in config.head_pieces() {
                self.put_stored(&layer.stem, &piece, first).await?;
            }
            return Ok(());
        }
        // Shards begin where bindings may: every 256 bytes of logits.
        let (four_rows, _) = LinearShape { rows: 4, ..shape }.bytes(self.four);
        let most = self.parameters.largest_binding() / four_rows;
        let shard = (most.saturating_mul(4) / 64 * 64).clamp(64, u64::from(layer.rows).next_multiple_of(64));
        self.parameters.begin_linear(&layer.stem, shape, shard as u32).await?;
        for begin in (0..layer.rows).step_by(shard as usize) {
            let end = layer.rows.min(begin + shard as u32);
            self.put_made(&layer.stem, &layer, (0, begin, end), None).await?;
        }
        Ok(())
    }

    /// A linear layer, quantized here or in the file.
    async fn layer(&mut self, layer: &Layer) -> Result<(), TransformerError> {
        if self.weights.quantized().is_some() {
            self.begin(layer).await?;
            self.put_stored(&layer.stem, layer, 0).await
        } else {
            self.made(layer, 0, None).await
        }
    }

    /// Room for a layer that kernels see as a whole.
    async fn begin(&mut self, layer: &Layer) -> Result<(), TransformerError> {
        let shape = layer.shape(self.format);
        self.check_binding(&layer.stem, shape.bytes(self.four).0)?;
        self.parameters.begin_linear(&layer.stem, shape, layer.rows).await?;
        Ok(())
    }

    /// A layer from rows of its matrices in the file, from row `begin` on. Rows may be multiplied by factors.
    pub(super) async fn made(
        &mut self,
        layer: &Layer,
        begin: u32,
        factors: Option<&[f32]>,
    ) -> Result<(), TransformerError> {
        self.begin(layer).await?;
        self.put_made(&layer.stem, layer, (begin, 0, layer.rows), factors).await
    }

    /// Puts rows of a layer in: of the rows from `begin` on in the file those from `first` to `end`.
    async fn put_made(
        &mut self,
        name: &str,
        layer: &Layer,
        (begin, first, end): (u32, u32, u32),
        factors: Option<&[f32]>,
    ) -> Result<(), TransformerError> {
        for (matrix, tensor) in layer.weights.iter().enumerate() {
            for (first, count) in pieces(first, end, layer.columns) {
                let mut values = self.weights.read_rows(tensor, begin + first, count).await?;
                if let Some(factors) = factors {
                    let rows = values.chunks_exact_mut(layer.columns as usize);
                    for (row, factor) in rows.zip(&factors[(begin + first) as usize..]) {
                        row.iter_mut().for_each(|value| *value *= factor);
                    }
                }
                let rows = LinearRows { matrix: matrix as u32, first };
                self.parameters.put_linear_rows(name, rows, &values, self.job).await?;
                self.progress(values.len() as u64)?;
            }
        }
        Ok(())
    }

    /// Puts a layer in that is stored as the kernels read it: the outputs from `first` on.
    async fn put_stored(&mut self, name: &str, layer: &Layer, first: u32) -> Result<(), TransformerError> {
        let shape = layer.shape(self.format);
        let outputs = first..first + layer.rows * shape.matrices;
        for (part, tensor) in
            [LinearPart::Levels, LinearPart::Scales].into_iter().zip(layer.stored_names(self.format))
        {
            let rows = shape.part_rows(part);
            let most = (PIECE / shape.part_row_bytes(part)).max(1) as u32;
            for row in (0..rows).step_by(most as usize) {
                let words = self.weights.read_words(&tensor, row, most.min(rows - row)).await?;
                let words_of = LinearWords { part, outputs: outputs.clone(), row };
                self.parameters.put_linear_words(name, words_of, &words).await?;
                self.job.check()?;
            }
        }
        self.progress(16 * u64::from(shape.k4()) * u64::from(shape.o4()))
    }

    /// The layer that makes the vectors of adaptive layer norm, and its bias.
    async fn condition(&mut self, layer: &Layer) -> Result<(), TransformerError> {
        let (bias, factors) = self.folded(layer).await?;
        match factors {
            Some(factors) => self.made(layer, 0, Some(&factors)).await?,
            None => self.layer(layer).await?,
        }
        Ok(self.parameters.put_vector(&layer.bias(), &bias).await?)
    }

    /// The bias of a layer that makes the vectors of adaptive layer norm, and what its rows are multiplied with. Instead of
    /// a scale s the layer makes w · (1 + s), with w the weight of the norm: what the kernels multiply with. In files with
    /// quantized layers that is done already.
    pub(super) async fn folded(
        &mut self,
        layer: &Layer,
    ) -> Result<(Vec<f32>, Option<Vec<f32>>), TransformerError> {
        if self.weights.quantized().is_some() {
            return Ok((self.weights.read(&layer.folded_bias()).await?, None));
        }
        let columns = layer.columns as usize;
        let mut bias = self.weights.read(&format!("{}.bias", layer.stem)).await?;
        let mut factors = vec![1.0; layer.rows as usize];
        for (part, norm) in &layer.norms {
            let norm = self.weights.read(norm).await?;
            let range = part * columns..(part + 1) * columns;
            for (value, weight) in bias[range.clone()].iter_mut().zip(&norm) {
                *value = weight * (1.0 + *value);
            }
            factors[range].copy_from_slice(&norm);
        }
        Ok((bias, Some(factors)))
    }
}

/// First row and number of rows of the pieces in which rows of `columns` values are read: multiples of four, at most [`PIECE`]
/// bytes as f32.
fn pieces(begin: u32, end: u32, columns: u32) -> impl Iterator<Item = (u32, u32)> {
    let most = ((PIECE / 4 / u64::from(columns)) as u32 / 4 * 4).max(4);
    (begin..end).step_by(most as usize).map(move |first| (first, most.min(end - first)))
}

/// Cosine and sine of [position, pair]: the first half of a head's pairs turns with the row, the second with the column.
/// The class, at position 0, has zeros: its queries and keys vanish.
pub(super) fn rotations(config: &TransformerConfig) -> Vec<f32> {
    let pairs = config.head_size() / 2;
    let axis = pairs / 2;
    let mut table = vec![0.0; 2 * pairs as usize];
    for token in 0..config.block_size {
        let (row, column) = (token / config.side(), token % config.side());
        for pair in 0..pairs {
            let at = if pair < axis { row } else { column };
            let frequency = 10_000_f64.powf(-f64::from(pair % axis) / f64::from(axis));
            let (sine, cosine) = (f64::from(at) * frequency).sin_cos();
            table.extend([cosine as f32, sine as f32]);
        }
    }
    table
}
