//! Models that are recognized and refused by name: their files look like those of a family that can be run, but their
//! tokens or networks are not the same.

use super::{class::is_one_of, signs::Signs};

/// A kind of model that is recognized and cannot be run.
#[derive(Debug)]
pub struct Unsupported {
    /// The word for it in JSON documents.
    pub key: &'static str,
    /// What it is: "a GumbelVQ tokenizer of taming-transformers".
    pub name: &'static str,
    /// What is different there.
    pub reason: &'static str,
    /// The classes of its official YAML files.
    classes: &'static [&'static str],
    /// Whether a file with these tensors is one.
    recognizes: fn(&Signs<'_>) -> bool,
}

/// There is one of each kind.
impl PartialEq for Unsupported {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Unsupported {}

/// All of them; the first one that recognizes a file names it.
static UNSUPPORTED: [Unsupported; 12] = [
    Unsupported {
        key: "taming-transformer",
        name: "a transformer of taming-transformers (Net2NetTransformer)",
        reason: "its GPT has another network than the transformers of IBQ",
        classes: &["taming.models.cond_transformer.Net2NetTransformer"],
        recognizes: |signs| signs.has("transformer.blocks.0.attn.key.weight"),
    },
    Unsupported {
        key: "open-magvit2-transformer",
        name: "an autoregressive transformer of Open-MAGVIT2",
        reason: "it predicts a token in two parts",
        classes: &["src.Open_MAGVIT2.models.cond_transformer_llama.Net2NetTransformer"],
        recognizes: |signs| signs.has("transformer.pre_emb.weight"),
    },
    Unsupported {
        key: "llamagen-transformer",
        name: "an autoregressive transformer of LlamaGen",
        reason: "it has another network than the transformers of IBQ",
        classes: &[],
        recognizes: |signs| signs.has("tok_embeddings.weight") && signs.has("layers.0.attention.wqkv.weight"),
    },
    Unsupported {
        key: "video-tokenizer",
        name: "a video tokenizer",
        reason: "its convolutions have a time axis",
        classes: &[],
        recognizes: |signs| signs.any_with_axes(5) || signs.says("model_type", "Emu3VisionVQ"),
    },
    Unsupported {
        key: "gumbel-vq",
        name: "a GumbelVQ tokenizer of taming-transformers",
        reason: "a convolution of its own chooses the codes, not their vectors",
        classes: &["taming.models.vqgan.GumbelVQ"],
        recognizes: |signs| signs.has("quantize.proj.weight") || signs.has("quantize.embed.weight"),
    },
    Unsupported {
        key: "ema-vq",
        name: "an EMAVQ tokenizer of taming-transformers",
        reason: "its codes are moving averages of the latents, under names of their own",
        classes: &["taming.models.vqgan.EMAVQ"],
        recognizes: |signs| {
            signs.has("quantize.embedding.cluster_size") || signs.has("quantize.embedding.embed_avg")
        },
    },
    Unsupported {
        key: "remapped-vqgan",
        name: "a VQGAN with renumbered codes",
        reason: "its tokens are positions in a list of the codes that were used (`remap`)",
        classes: &[],
        recognizes: |signs| signs.has("quantize.used"),
    },
    Unsupported {
        key: "segmentation-vqgan",
        name: "a VQGAN of segmentation maps",
        reason: "it encodes maps of labels, not pictures",
        classes: &["taming.models.vqgan.VQSegmentationModel"],
        recognizes: |signs| signs.has("colorize"),
    },
    Unsupported {
        key: "llamagen-vq",
        name: "a VQ tokenizer of LlamaGen",
        reason: "it compares normalized latents with normalized codes",
        classes: &[],
        recognizes: |signs| signs.any("encoder.conv_blocks.") || signs.has("quantize.codebook_used"),
    },
    Unsupported {
        key: "diffusers-vq",
        name: "an autoencoder of diffusers",
        reason: "its tensors have other names than those of the official code",
        classes: &[],
        recognizes: |signs| signs.any("encoder.down_blocks."),
    },
    Unsupported {
        key: "open-magvit2",
        name: "a tokenizer of Open-MAGVIT2 without a codebook (LFQ)",
        reason: "its codes are the signs of the latent values, and its network is another one",
        classes: &[
            "src.Open_MAGVIT2.models.lfqgan.VQModel",
            "src.Open_MAGVIT2.models.lfqgan_pretrain.VQModel",
            "taming.models.lfqgan.VQModel",
        ],
        recognizes: |signs| signs.any("encoder.mid_block."),
    },
    Unsupported {
        key: "lookup-free",
        name: "a tokenizer without a codebook (LFQ or similar)",
        reason: "there are no codes to look up",
        classes: &[],
        recognizes: |signs| {
            signs.any("encoder.") && !signs.has("quantize.embedding.weight") && !signs.any("transformer.")
        },
    },
];

impl Unsupported {
    /// The one that a file with these tensors is.
    pub(in crate::tokenizer) fn recognize(signs: &Signs<'_>) -> Option<&'static Self> {
        UNSUPPORTED.iter().find(|unsupported| (unsupported.recognizes)(signs))
    }

    /// The one that an official YAML file of this class is for.
    #[must_use]
    pub fn of_class(class: &str) -> Option<&'static Self> {
        UNSUPPORTED.iter().find(|unsupported| is_one_of(class, unsupported.classes))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn recognized(tensors: &[(&str, &[u64])]) -> Option<&'static str> {
        Unsupported::recognize(&Signs::new(tensors.to_vec())).map(|unsupported| unsupported.key)
    }

    #[test]
    fn models_that_look_like_a_vqgan_are_named() {
        let conv_in = ("encoder.conv_in.weight", &[32_u64, 3, 3, 3][..]);
        let codes = ("quantize.embedding.weight", &[64_u64, 8][..]);
        let also = |name: &'static str| recognized(&[conv_in, codes, (name, &[4][..])]);
        assert_eq!(recognized(&[conv_in, codes]), None);
        assert_eq!(recognized(&[conv_in, ("quantize.embed.weight", &[64, 8])]), Some("gumbel-vq"));
        assert_eq!(also("quantize.proj.weight"), Some("gumbel-vq"));
        assert_eq!(also("quantize.embedding.cluster_size"), Some("ema-vq"));
        assert_eq!(also("quantize.used"), Some("remapped-vqgan"));
        assert_eq!(also("colorize"), Some("segmentation-vqgan"));
        assert_eq!(also("encoder.conv_blocks.0.res.0.conv1.weight"), Some("llamagen-vq"));
        assert_eq!(also("quantize.codebook_used"), Some("llamagen-vq"));
        assert_eq!(also("encoder.down_blocks.0.resnets.0.conv1.weight"), Some("diffusers-vq"));
        let mid_block = ("encoder.mid_block.0.conv1.weight", &[32_u64, 32, 3, 3][..]);
        assert_eq!(recognized(&[conv_in, mid_block]), Some("open-magvit2"));
        assert_eq!(
            recognized(&[("encoder.conv_in.conv.weight", &[64, 3, 3, 3, 3])]),
            Some("video-tokenizer")
        );
        assert_eq!(recognized(&[("model_ema.encoderconv_inweight", &[64, 3, 3, 3])]), Some("lookup-free"));
        assert_eq!(recognized(&[("transformer.pre_emb.weight", &[64, 8])]), Some("open-magvit2-transformer"));
        let key = ("transformer.blocks.0.attn.key.weight", &[8_u64, 8][..]);
        assert_eq!(recognized(&[key]), Some("taming-transformer"));
        assert_eq!(recognized(&[("transformer.tok_emb.weight", &[64, 8])]), None);
    }

    #[test]
    fn keys_and_classes_are_distinct() {
        let keys: HashSet<_> = UNSUPPORTED.iter().map(|unsupported| unsupported.key).collect();
        assert_eq!(keys.len(), UNSUPPORTED.len());
        for unsupported in &UNSUPPORTED {
            for class in unsupported.classes {
                assert_eq!(Unsupported::of_class(class), Some(unsupported));
            }
        }
    }
}
