//! From class and tokens to the rows that the blocks change.

use burn::{backend::flex::FlexTensor, tensor::Tensor};

use super::{
    autodiff::{Input, Operation, apply, is_on_cpu, size, tensor, values},
    burn_ops,
    dropout::Dropout,
};

/// Rows `[B, C]` of a table `[classes + 1, C]`.
pub(crate) fn class_rows(table: &Tensor<2>, classes: &[u16]) -> Tensor<2> {
    if !is_on_cpu(table) {
        return burn_ops::class_rows(table, classes);
    }
    apply([Input::of(table)], |[table]| {
        let [count, width] = size(&table);
        let row = |class: &u16| &values(&table)[usize::from(*class) * width..][..width];
        let rows = classes.iter().flat_map(row).copied().collect();
        (tensor(rows, [classes.len(), width]), ClassRows { classes: classes.to_vec(), count })
    })
}

#[derive(Clone, Debug)]
struct ClassRows {
    classes: Vec<u16>,
    count: usize,
}

impl Operation<1> for ClassRows {
    fn gradients(self, d_rows: &FlexTensor, _: [bool; 1]) -> [Option<FlexTensor>; 1] {
        let width = size(d_rows)[1];
        let mut d_table = vec![0.0f32; self.count * width];
        for (class, row) in self.classes.iter().zip(values(d_rows).chunks_exact(width)) {
            add(&mut d_table[usize::from(*class) * width..][..width], row);
        }
        [Some(tensor(d_table, [self.count, width]))]
    }
}

/// Sequences of a class row `[B, C]` and of rows of the tokens' table `[V, C]`: `[B · T, C]`. `tokens` are those of the
/// sequences one after the other, T - 1 of each.
pub(crate) fn embed(
    classes: &Tensor<2>,
    table: &Tensor<2>,
    tokens: &[u16],
    dropout: Option<Dropout>,
) -> Tensor<2> {
    if !is_on_cpu(table) {
        return burn_ops::embed(classes, table, tokens, dropout);
    }
    apply([Input::of(classes), Input::of(table)], |[classes, table]| {
        let [count, width] = size(&classes);
        let each = tokens.len() / count;
        let mut rows = Vec::with_capacity((tokens.len() + count) * width);
        for (sequence, class) in values(&classes).chunks_exact(width).enumerate() {
            rows.extend_from_slice(class);
            for token in &tokens[sequence * each..][..each] {
                rows.extend_from_slice(&values(&table)[usize::from(*token) * width..][..width]);
            }
        }
        drop_some(&mut rows, dropout);
        let shape = [rows.len() / width, width];
        let embedding = Embedding { tokens: tokens.to_vec(), count, codes: size(&table)[0], dropout };
        (tensor(rows, shape), embedding)
    })
}

#[derive(Clone, Debug)]
struct Embedding {
    tokens: Vec<u16>,
    count: usize,
    codes: usize,
    dropout: Option<Dropout>,
}

impl Operation<2> for Embedding {
    fn gradients(self, d_rows: &FlexTensor, _: [bool; 2]) -> [Option<FlexTensor>; 2] {
        let width = size(d_rows)[1];
        let mut rows = values(d_rows).to_vec();
        drop_some(&mut rows, self.dropout);
        let each = self.tokens.len() / self.count;
        let mut d_classes = Vec::with_capacity(self.count * width);
        let mut d_table = vec![0.0f32; self.codes * width];
        for (sequence, rows) in rows.chunks_exact((each + 1) * width).enumerate() {
            d_classes.extend_from_slice(&rows[..width]);
            let tokens = &self.tokens[sequence * each..][..each];
            for (token, row) in tokens.iter().zip(rows[width..].chunks_exact(width)) {
                add(&mut d_table[usize::from(*token) * width..][..width], row);
            }
        }
        [tensor(d_classes, [self.count, width]), tensor(d_table, [self.codes, width])].map(Some)
    }
}

fn drop_some(rows: &mut [f32], dropout: Option<Dropout>) {
    if let Some(dropout) = dropout {
        rows.iter_mut().enumerate().for_each(|(place, value)| *value *= dropout.factor(place as u32));
    }
}

fn add(sum: &mut [f32], part: &[f32]) {
    sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
}
