//! The discriminator and the losses around it.

use burn::tensor::{Device, Tensor};
use ibq_tests::vectors::{Golden, Tensors};
use ibq_train::{
    tokenizer::{
        loss::{DiscriminatorLoss, LeCam, generator_loss},
        network::Discriminator,
    },
    weights::Weights,
};

use super::{ToTensor, assert_close, assert_near, vectors};

/// Compares a loss and its gradients on both kinds of logits, where the vectors have them.
fn check(vectors: &Tensors, name: &str, loss: impl Fn(Tensor<4>, Tensor<4>) -> Tensor<1>) {
    let leaf = |name: &str| vectors.tensor::<4>(name).autodiff().require_grad();
    let (real, fake) = (leaf("logits_real"), leaf("logits_fake"));
    let value = loss(real.clone(), fake.clone());
    let ours = value.clone().inner().into_scalar::<f32>();
    assert_near(ours.into(), vectors.scalar(name).into(), 1e-5, name);
    let gradients = value.backward();
    for (which, logits) in [("real", real), ("fake", fake)] {
        let stored = format!("grad_logits_{which}.{name}");
        if vectors.has(&stored) {
            assert_close(logits.grad(&gradients).unwrap(), vectors.tensor(&stored), 1e-5, &stored);
        }
    }
}

#[test]
fn golden_adversarial_losses() {
    let golden = Golden::open();
    let vectors = vectors(&golden, "/training/gan");
    check(&vectors, "non_saturate_gen_loss", |_, fake| generator_loss(fake));
    check(&vectors, "hinge_d_loss", |real, fake| DiscriminatorLoss::Hinge.of(real, fake));
    check(&vectors, "vanilla_d_loss", |real, fake| DiscriminatorLoss::Vanilla.of(real, fake));
    check(&vectors, "non_saturate_discriminator_loss", |real, fake| {
        DiscriminatorLoss::NonSaturating.of(real, fake)
    });
    let lecam = LeCam { real: 0.8, fake: -0.5, decay: 0.999 };
    check(&vectors, "lecam_reg", |real, fake| lecam.penalty(real, fake));
}

#[test]
fn golden_lecam_averages() {
    let golden = Golden::open();
    let vectors = vectors(&golden, "/training/gan");
    let mean = |name: &str| f64::from(vectors.tensor::<4>(name).mean().into_scalar::<f32>());
    let (real, fake) = (mean("logits_real"), mean("logits_fake"));
    let mut lecam = LeCam::default();
    for (i, truth) in vectors.f32s("lecam_ema_history").chunks_exact(2).enumerate() {
        lecam.update(real + 0.1 * i as f64, fake - 0.2 * i as f64);
        assert_near(lecam.real, truth[0].into(), 1e-5, "average of real logits");
        assert_near(lecam.fake, truth[1].into(), 1e-5, "average of fake logits");
    }
}

#[test]
fn golden_discriminator() {
    let golden = Golden::open();
    let vectors = vectors(&golden, "/training/discriminator");
    let device = Device::flex();
    let (mut weights, mut statistics) = (Weights::default(), Weights::default());
    let mut layers = 0;
    for name in vectors.names() {
        let Some(short) = name.strip_prefix("param.") else { continue };
        if short.ends_with("num_batches_tracked") {
            continue;
        }
        let part = if short.contains("running_") { &mut statistics } else { &mut weights };
        part.insert(short, vectors.shape(name).to_vec(), vectors.f32s(name), &device);
        layers += usize::from(short.ends_with("running_mean"));
    }
    let mut discriminator = Discriminator::from_parts(layers, weights.clone(), statistics);
    let input = vectors.tensor::<4>("input");
    assert_close(discriminator.judge(input.clone()), vectors.tensor("out_eval"), 1e-5, "evaluation");
    let trained = discriminator.judge_in_training(&weights, input);
    assert_close(trained, vectors.tensor("out_train"), 1e-5, "training");
    for (name, ours) in discriminator.statistics.iter() {
        let truth = vectors.tensor::<1>(&format!("after_train_forward.{name}"));
        assert_close(ours.values.clone(), truth, 1e-5, name);
    }
}
