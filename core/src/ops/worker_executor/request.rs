//! What a page asks of its worker, and what comes back.

use ibq_shaders::LookupScore;
use serde::{Deserialize, Serialize};

use crate::{
    device::Peaks,
    ops::{LinearRows, LinearShape, LinearWords, Map, TensorId},
};

use super::graph_message::GraphMessage;

/// One request. Arrays that belong to it are named in its description.
#[derive(Serialize, Deserialize)]
pub(super) enum Request {
    /// Parameters of a new number, none yet; with `halves`, floats of linear layers and tables have 16 bits.
    NewParameters { parameters: u32, halves: bool },
    /// A convolution: weight [out, in, side, side], bias. Answered with [`Answer::Bytes`].
    PutConv { parameters: u32, name: String, shape: (usize, usize, usize) },
    /// A GroupNorm: weight, bias. Answered with [`Answer::Bytes`].
    PutNorm { parameters: u32, name: String },
    /// The next codes: rows. Answered with [`Answer::Bytes`].
    PutCodes { parameters: u32, dimension: usize, score: LookupScore },
    /// Room for a linear layer. Answered with [`Answer::Bytes`].
    BeginLinear { parameters: u32, name: String, shape: LinearShape },
    /// Rows of a linear layer: the rows.
    PutLinearRows { parameters: u32, name: String, rows: LinearRows },
    /// Words of a quantized linear layer: the words.
    PutLinearWords { parameters: u32, name: String, words: LinearWords },
    /// Room for a table. Answered with [`Answer::Bytes`].
    BeginTable { parameters: u32, name: String, shape: (u32, u32) },
    /// The next rows of a table: the rows.
    PutTableRows { parameters: u32, name: String },
    /// A vector: its values. Answered with [`Answer::Bytes`].
    PutVector { parameters: u32, name: String },
    /// Forgets parameters, once no program uses them any more.
    DropParameters { parameters: u32 },
    /// Tensors of a new number that outlive a graph, with their names and bytes: all 0.
    NewTensors { tensors: u32, sizes: Vec<(String, u64)> },
    /// Writes words to the beginning of one of them: the words.
    WriteTensor { tensors: u32, index: usize },
    /// The first words of one of them. Answered with [`Answer::Words`].
    ReadTensor { tensors: u32, index: usize, count: usize },
    /// Forgets them, once no program uses them any more.
    DropTensors { tensors: u32 },
    /// Makes a graph ready under a new number.
    Prepare { program: u32, parameters: u32, graph: GraphMessage },
    /// Runs some operations, `times` times over. Answered with [`Answer::Runs`], after shares that are done.
    Run { program: u32, from: usize, to: usize, times: u32, timed: bool },
    /// Ends the run that was asked for by the call of this number. Not answered.
    Cancel { call: u32 },
    /// Writes words to the beginning of a tensor: the words.
    Write { program: u32, tensor: TensorId },
    /// The first words of a tensor. Answered with [`Answer::Words`].
    Read { program: u32, tensor: TensorId, count: usize },
    /// Writes a map's values: the values.
    Put { program: u32, map: Map },
    /// The values of a map. Answered with [`Answer::Words`].
    Values { program: u32, map: Map },
    /// What the processor can do at most. Answered with [`Answer::Peaks`].
    Measure,
    /// Forgets a program.
    DropProgram { program: u32 },
}

/// What comes of a request.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// Nothing but that it is done.
    Done,
    /// Bytes of all parameters.
    Bytes(u64),
    /// What each operation took, if it was asked for.
    Runs(Vec<OperationRun>),
    /// What the processor can do at most.
    Peaks(Peaks),
    /// The words are beside the text.
    Words,
}

/// What one operation took.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OperationRun {
    pub(super) label: String,
    pub(super) ms: f64,
    pub(super) flops: f64,
    pub(super) bytes: f64,
}

/// Why nothing comes of a request.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Refusal {
    OutOfMemory {
        what: String,
        bytes: u64,
    },
    Cancelled,
    /// A request that does not fit those before it: an error in this program.
    Wrong(String),
}
