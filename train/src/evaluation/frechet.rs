//! Fréchet distance between two sets of feature vectors, each taken as a normal distribution.

/// `|m₁ - m₂|² + tr(S₁ + S₂ - 2 (S₁ S₂)^½)` for means m and covariances S of two sets of vectors of `size` numbers.
#[must_use]
pub fn frechet_distance(one: &[f32], other: &[f32], size: usize) -> f64 {
    let ((m1, s1), (m2, s2)) = (moments(one, size), moments(other, size));
    let means: f64 = m1.iter().zip(&m2).map(|(a, b)| (a - b).powi(2)).sum();
    let trace = |s: &[f64]| (0..size).map(|i| s[i * size + i]).sum::<f64>();
    // The roots of S₁ S₂ are those of the symmetric √S₁ S₂ √S₁.
    let root = square_root(&s1, size);
    let inner = multiply(&multiply(&root, &s2, size), &root, size);
    let (values, _) = eigen(inner, size);
    let roots: f64 = values.iter().map(|value| value.max(0.0).sqrt()).sum();
    means + trace(&s1) + trace(&s2) - 2.0 * roots
}

/// Mean and covariance.
fn moments(vectors: &[f32], size: usize) -> (Vec<f64>, Vec<f64>) {
    let count = (vectors.len() / size).max(1) as f64;
    let mut mean = vec![0.0; size];
    for row in vectors.chunks_exact(size) {
        mean.iter_mut().zip(row).for_each(|(mean, value)| *mean += f64::from(*value) / count);
    }
    let mut covariance = vec![0.0; size * size];
    for row in vectors.chunks_exact(size) {
        let centered: Vec<f64> =
            row.iter().zip(&mean).map(|(value, mean)| f64::from(*value) - mean).collect();
        for (target, a) in covariance.chunks_exact_mut(size).zip(&centered) {
            target
                .iter_mut()
                .zip(&centered)
                .for_each(|(target, b)| *target += a * b / (count - 1.0).max(1.0));
        }
    }
    (mean, covariance)
}

fn multiply(a: &[f64], b: &[f64], size: usize) -> Vec<f64> {
    let mut c = vec![0.0; size * size];
    for (c, a) in c.chunks_exact_mut(size).zip(a.chunks_exact(size)) {
        for (a, b) in a.iter().zip(b.chunks_exact(size)) {
            c.iter_mut().zip(b).for_each(|(c, b)| *c += a * b);
        }
    }
    c
}

/// Square root of a symmetric matrix without negative eigenvalues.
fn square_root(matrix: &[f64], size: usize) -> Vec<f64> {
    let (values, vectors) = eigen(matrix.to_vec(), size);
    let mut root = vec![0.0; size * size];
    for (value, vector) in values.iter().zip(vectors.chunks_exact(size)) {
        let value = value.max(0.0).sqrt();
        for (row, a) in root.chunks_exact_mut(size).zip(vector) {
            row.iter_mut().zip(vector).for_each(|(row, b)| *row += value * a * b);
        }
    }
    root
}

/// Eigenvalues and, row by row, eigenvectors of a symmetric matrix: rotations that clear one pair after another (Jacobi).
fn eigen(mut a: Vec<f64>, size: usize) -> (Vec<f64>, Vec<f64>) {
    let mut vectors = vec![0.0; size * size];
    (0..size).for_each(|i| vectors[i * size + i] = 1.0);
    let all: f64 = a.iter().map(|v| v * v).sum();
    for _ in 0..60 {
        let off: f64 =
            (0..size).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i * size + j].powi(2)).sum();
        if off <= 1e-22 * all {
            break;
        }
        for p in 0..size {
            for q in p + 1..size {
                let apq = a[p * size + q];
                if apq == 0.0 {
                    continue;
                }
                let theta = (a[q * size + q] - a[p * size + p]) / (2.0 * apq);
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let t = if theta == 0.0 { 1.0 } else { t };
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                let turn = |matrix: &mut [f64], first: usize, second: usize| {
                    let (x, y) = (matrix[first], matrix[second]);
                    matrix[first] = c * x - s * y;
                    matrix[second] = s * x + c * y;
                };
                for k in 0..size {
                    turn(&mut a, k * size + p, k * size + q);
                }
                for k in 0..size {
                    turn(&mut a, p * size + k, q * size + k);
                    turn(&mut vectors, p * size + k, q * size + k);
                }
            }
        }
    }
    ((0..size).map(|i| a[i * size + i]).collect(), vectors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn normal(count: usize, seed: u64, deviations: [f32; 3], shift: f32) -> Vec<f32> {
        let mut random = Random::new(seed);
        let mut vector = || {
            let [a, b, c] = deviations.map(|deviation| deviation * random.normal());
            // Correlated, so that the covariance is no diagonal.
            [a + 0.5 * b + shift, b - 0.3 * c, c]
        };
        (0..count).flat_map(|_| vector()).collect()
    }

    #[test]
    fn a_set_is_at_distance_0_from_itself_and_a_shift_adds_its_square() {
        let one = normal(2000, 1, [1.0, 2.0, 0.5], 0.0);
        assert!(frechet_distance(&one, &one, 3).abs() < 1e-9);
        let moved: Vec<f32> =
            one.iter().enumerate().map(|(i, v)| v + if i % 3 == 0 { 3.0 } else { 0.0 }).collect();
        assert!((frechet_distance(&one, &moved, 3) - 9.0).abs() < 1e-4);
    }

    #[test]
    fn a_factor_gives_what_the_formula_says() {
        // For S₂ = 4 S₁ the distance is tr(S₁ + 4 S₁ - 2 · 2 S₁) = tr S₁.
        let one = normal(3000, 2, [1.0, 2.0, 0.5], 0.0);
        let wide: Vec<f32> = one.iter().map(|v| 2.0 * v).collect();
        let (mean, covariance) = moments(&one, 3);
        let expected: f64 =
            (0..3).map(|i| covariance[i * 4]).sum::<f64>() + mean.iter().map(|m| m * m).sum::<f64>();
        let found = frechet_distance(&one, &wide, 3);
        assert!((found / expected - 1.0).abs() < 1e-6, "{found} {expected}");
    }
}
