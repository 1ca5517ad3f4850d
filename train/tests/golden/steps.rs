//! What changes from step to step: moving averages and schedules.

use burn::tensor::Device;
use ibq_tests::vectors::{Golden, Tensors};
use ibq_train::{
    optim::{Annealing, Ema, linear_warm_up, warm_up_then_cosine},
    weights::Weights,
};
use serde_json::Value;

use super::{ToTensor, assert_close, assert_near};

/// The parameters of one step that an average follows: those whose average is stored.
fn parameters(vectors: &Tensors, step: usize) -> Weights {
    let mut weights = Weights::default();
    for name in vectors.names() {
        let Some(short) = name.strip_prefix(&format!("step{step}.param.")) else { continue };
        if vectors.has(&average_name(step, short)) {
            weights.insert(short, vectors.shape(name).to_vec(), vectors.f32s(name), &Device::flex());
        }
    }
    weights
}

fn average_name(step: usize, parameter: &str) -> String {
    format!("step{step}.ema.{}", parameter.replace('.', ""))
}

#[test]
fn golden_moving_averages() {
    let golden = Golden::open();
    for file in golden.list("/training/ema") {
        let vectors = golden.tensors(file.as_str().unwrap());
        let growing = vectors.i32s("step0.ema.num_updates")[0] >= 0;
        let decay = vectors.scalar("step0.ema.decay").into();
        let mut ema = Ema::new(&parameters(&vectors, 0), decay, growing);
        let steps = vectors.names().filter(|name| name.ends_with(".ema.decay")).count();
        for step in 0..steps {
            if step > 0 {
                ema.update(&parameters(&vectors, step));
            }
            let mut compared = 0;
            for (name, ours) in ema.weights.iter() {
                let stored = average_name(step, name);
                let truth = burn::tensor::Tensor::<1>::from_data(
                    burn::tensor::TensorData::new(vectors.f32s(&stored), [ours.values.dims()[0]]),
                    &Device::flex(),
                );
                assert_close(ours.values.clone(), truth, 1e-6, &stored);
                compared += 1;
            }
            assert!(compared > 0);
        }
    }
}

#[test]
fn golden_schedules() {
    let golden = Golden::open();
    let schedules = golden.json(golden.text("/training/schedules").unwrap());
    for (name, entry) in schedules.as_object().unwrap() {
        let number = |field: &str| entry[field].as_f64().unwrap();
        for (index, step) in entry["steps"].as_array().unwrap().iter().enumerate() {
            let step = step.as_f64().unwrap();
            let check = |ours: f64, truth: &Value| assert_near(ours, truth.as_f64().unwrap(), 1e-12, name);
            match name.as_str() {
                "linear_warmup" => {
                    check(linear_warm_up(step, number("warmup_steps")), &entry["multiplier"][index]);
                }
                "linear_warmup_cosine_decay" => {
                    let (warm_up, most) = (number("warmup_steps"), number("max_steps"));
                    let ours = warm_up_then_cosine(step, warm_up, most, number("multipler_min"));
                    check(ours, &entry["multiplier"][index]);
                }
                _ => {
                    let annealing = Annealing {
                        peak: number("peak_lr"),
                        weight_decay: [number("wd"), number("wd_end")],
                        warm_up: number("wp_it"),
                        steps: number("max_it") as u64,
                        start: number("wp0"),
                        end: number("wpe"),
                    };
                    let (rate, decay) = annealing.at(step as u64);
                    let truth = &entry["values"][index];
                    for group in 0..2 {
                        check(rate, &truth["group_lr"][group]);
                        check(decay, &truth["group_wd"][group]);
                    }
                }
            }
        }
    }
}
