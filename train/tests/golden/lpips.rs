//! LPIPS and its gradient.

use burn::tensor::{Device, Tensor};
use ibq_tests::vectors::Golden;
use ibq_train::tokenizer::loss::Lpips;

use crate::{ToTensor, assert_close, assert_near};

#[test]
fn golden_lpips() {
    let golden = Golden::open();
    // A folder of vectors may be without this one.
    let Some(name) = golden.text("/training/lpips") else { return };
    let file = golden.tensors(name);
    let lpips = Lpips::open(&[golden.path(name)], &Device::flex()).unwrap();
    let (picture, reconstruction) = (file.tensor::<4>("picture"), file.tensor::<4>("reconstruction"));
    let truth = file.f32s("lpips");
    for (index, truth) in truth.iter().enumerate() {
        let one = |all: &Tensor<4>| all.clone().narrow(0, index, 1);
        let ours = lpips.of(one(&picture), one(&reconstruction)).into_scalar::<f32>();
        assert_near(f64::from(ours), f64::from(*truth), 1e-5, "lpips");
    }
    // Pictures that are tracked by mistake get no gradient.
    let picture = picture.autodiff().require_grad();
    let reconstruction = reconstruction.autodiff().require_grad();
    let gradients = lpips.of(picture.clone(), reconstruction.clone()).backward();
    assert!(picture.grad(&gradients).is_none());
    assert_close(reconstruction.grad(&gradients).unwrap(), file.tensor("gradient"), 1e-4, "gradient");
}
