//! The input of the transformer at each position.

use std::borrow::Cow;

use ibq_cpu::Mix;
use ibq_shaders::{
    Kernel,
    params::{ClassMix, TokenEmbedParams},
};
use serde::{Deserialize, Serialize};

use crate::gpu::{Bound, DispatchBuilder, Extent};

use super::{EmitContext, Host, Op, TensorId};

/// At position 0 the vector of the class, at position p that of token p - 1. A sequence has `queries` neighboring rows.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct TokenEmbed {
    /// The table of the tokens, and that of the classes.
    pub(crate) tables: [Cow<'static, str>; 2],
    /// The position.
    pub(crate) state: TensorId,
    /// [pictures, block]
    pub(crate) tokens: TensorId,
    /// A [`ClassMix`] of each sequence.
    pub(crate) conditions: TensorId,
    /// [rows, width]
    pub(crate) x: TensorId,
    pub(crate) rows: u32,
    pub(crate) queries: u32,
    pub(crate) width: u32,
    /// Pictures; where there are more sequences, these repeat their tokens.
    pub(crate) pictures: u32,
    /// Tokens of a picture.
    pub(crate) block: u32,
    /// Tokens of the table.
    pub(crate) vocab: u32,
}

impl Op for TokenEmbed {
    fn touches(&self) -> Vec<TensorId> {
        vec![self.state, self.tokens, self.conditions, self.x]
    }

    fn label(&self) -> String {
        "token_embed".to_owned()
    }

    fn bytes(&self) -> Option<f64> {
        Some(f64::from(self.rows) * f64::from(self.width) * 8.0)
    }

    fn compute(&self, host: &mut Host<'_>) {
        let mut x = host.take(self.x);
        let position = host.tensor(self.state)[0].to_bits() as usize;
        let tokens: &[u32] = bytemuck::cast_slice(host.tensor(self.tokens));
        let sequences = (self.rows / self.queries) as usize;
        let words = sequences * size_of::<ClassMix>() / 4;
        let conditions: &[ClassMix] = bytemuck::cast_slice(&host.tensor(self.conditions)[..words]);
        let (pictures, block) = (self.pictures as usize, self.block as usize);
        let token =
            |sequence: usize, position: usize| tokens[sequence % pictures * block + position.min(block - 1)];
        let class = |sequence: usize| {
            let ClassMix { first, second, second_weight } = conditions[sequence];
            Mix { first: first as usize, second: second as usize, second_share: second_weight }
        };
        let tables = self.tables.each_ref().map(|table| host.parameters.linear.table(table));
        let range = ..(self.rows * self.width) as usize;
        let places = (position, self.queries as usize);
        ibq_cpu::token_embed((tables[0], tables[1]), places, token, class, &mut x[range]);
        host.put(self.x, x);
    }

    /// A dispatch for each shard of the table.
    fn emit<'a>(&self, context: &'a EmitContext<'a>) -> Vec<DispatchBuilder<'a>> {
        let [table, classes] = self.tables.each_ref().map(|table| context.parameters.linear.table(table));
        let dispatch = |(index, shard): (usize, &'a crate::gpu::Buffer)| {
            let first_token = index as u32 * table.rows;
            DispatchBuilder {
                kernel: Kernel::TokenEmbed,
                storage: context.storage,
                params: TokenEmbedParams {
                    rows: self.rows,
                    queries: self.queries,
                    c4: self.width / 4,
                    pictures: self.pictures,
                    block: self.block,
                    first_token,
                    shard_tokens: table.rows.min(self.vocab - first_token),
                    vocab: self.vocab,
                }
                .into(),
                bindings: vec![
                    Bound::whole(context.buffer(self.state)),
                    context.bind_tensor(self.tokens),
                    context.bind_tensor(self.conditions),
                    Bound::whole(shard),
                    Bound::whole(&classes.shards[0]),
                    context.bind_tensor(self.x),
                ],
                extent: Extent::Elements(u64::from(self.rows) * u64::from(self.width / 4)),
                label: "token_embed".into(),
                flops: 0.0,
                bytes: f64::from(self.rows) * f64::from(self.width) * 8.0,
            }
        };
        table.shards.iter().enumerate().map(dispatch).collect()
    }
}
