//! Choosing an adapter and describing it to people.

use ibq_shaders::{MatrixSize, MatrixUnit};

use super::{AdapterChoice, AdapterKind, GpuError, GpuInfo, Limit, Tier};

/// What the matrix tier is made of.
const MATRIX: wgpu::Features =
    wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX.union(wgpu::Features::SUBGROUP);

/// The adapter that fits a choice.
///
/// # Errors
/// [`GpuError::NoAdapter`] lists what there is.
pub(super) async fn choose(choice: &AdapterChoice) -> Result<wgpu::Adapter, GpuError> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    // OpenGL, which a window's libraries bring along, lacks what the kernels need.
    descriptor.backends &= wgpu::Backends::PRIMARY;
    let instance = wgpu::Instance::new(descriptor);
    if *choice == AdapterChoice::Best || cfg!(target_arch = "wasm32") {
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            force_fallback_adapter: *choice == AdapterChoice::Software,
            ..Default::default()
        };
        if let Ok(adapter) = instance.request_adapter(&options).await {
            return Ok(adapter);
        }
    }
    let adapters = instance.enumerate_adapters(wgpu::Backends::all()).await;
    let found: Vec<String> = adapters.iter().map(|adapter| adapter.get_info().name).collect();
    let fits = |adapter: &wgpu::Adapter| match choice {
        AdapterChoice::Best => true,
        AdapterChoice::Software => is_software(&adapter.get_info()),
        AdapterChoice::Named(name) => adapter.get_info().name.to_lowercase().contains(&name.to_lowercase()),
    };
    adapters.into_iter().find(fits).ok_or_else(|| GpuError::NoAdapter {
        wanted: match choice {
            AdapterChoice::Best => "can be used".to_owned(),
            AdapterChoice::Software => "runs in software".to_owned(),
            AdapterChoice::Named(name) => format!("is named `{name}`"),
        },
        found: if found.is_empty() { "none".to_owned() } else { found.join(", ") },
        advice: if cfg!(target_arch = "wasm32") {
            "Use a browser with WebGPU switched on"
        } else {
            "Install a Vulkan driver for your GPU, or a software one (Debian: mesa-vulkan-drivers)"
        },
    })
}

pub(super) fn is_software(info: &wgpu::AdapterInfo) -> bool {
    let text = format!("{} {} {}", info.name, info.driver, info.driver_info).to_lowercase();
    info.device_type == wgpu::DeviceType::Cpu
        || ["swiftshader", "llvmpipe", "lavapipe", "software"].iter().any(|name| text.contains(name))
}

/// What to ask of an adapter for a tier, or for the fastest of its tiers.
pub(super) fn descriptor(adapter: &wgpu::Adapter, tier: Option<Tier>) -> wgpu::DeviceDescriptor<'static> {
    let most = tier.unwrap_or(if is_software(&adapter.get_info()) { Tier::Fast } else { Tier::Matrix });
    let mut wanted = wgpu::Features::TIMESTAMP_QUERY;
    wanted.set(wgpu::Features::SHADER_F16, most >= Tier::Fast);
    wanted.set(MATRIX, most == Tier::Matrix && matrix_unit(adapter).is_some());
    let required_features = adapter.features() & wanted;
    wgpu::DeviceDescriptor {
        label: Some("ibq"),
        required_features,
        required_limits: adapter.limits(),
        experimental_features: if required_features.contains(MATRIX) {
            experimental()
        } else {
            Default::default()
        },
        ..Default::default()
    }
}

/// Leave to use matrix units.
#[expect(
    unsafe_code,
    reason = "wgpu has no other way to its matrix units, the largest part of a GPU's arithmetic"
)]
fn experimental() -> wgpu::ExperimentalFeatures {
    // SAFETY: what wgpu does not check yet of cooperative matrices, conv2d_matrix.wgsl keeps by itself: control flow is
    // uniform around them, sizes are the adapter's own, and addresses lie in workgroup memory.
    unsafe { wgpu::ExperimentalFeatures::enabled() }
}

/// The adapter's matrix units, if they are of a kind that `conv2d_matrix.wgsl` is written for and was tested on.
fn matrix_unit(adapter: &wgpu::Adapter) -> Option<MatrixUnit> {
    let info = adapter.get_info();
    let limits = adapter.limits();
    let subgroup = info.subgroup_min_size;
    let fits = info.backend == wgpu::Backend::Vulkan
        && adapter.features().contains(MATRIX | wgpu::Features::SHADER_F16)
        && info.subgroup_max_size == subgroup
        && limits.max_compute_workgroup_storage_size >= MatrixUnit::WORKGROUP_BYTES;
    let has = |size: MatrixSize| {
        use wgpu::CooperativeScalarType::{F16, F32};
        adapter.cooperative_matrix_properties().iter().any(|unit| {
            [unit.m_size, unit.n_size, unit.k_size] == [size as u32; 3]
                && unit.ab_type == F16
                && unit.cr_type == F32
        })
    };
    let units = [MatrixSize::Sixteen, MatrixSize::Eight].map(|size| MatrixUnit { size, subgroup });
    units.into_iter().find(|unit| fits && MatrixUnit::ALL.contains(unit) && has(unit.size))
}

/// Describes an adapter and its device.
pub(super) fn describe(adapter: &wgpu::Adapter, device: &wgpu::Device) -> GpuInfo {
    let info = adapter.get_info();
    let features = device.features();
    let limits = device.limits();
    let kind = match info.device_type {
        _ if is_software(&info) => AdapterKind::Software,
        wgpu::DeviceType::DiscreteGpu => AdapterKind::Discrete,
        wgpu::DeviceType::IntegratedGpu => AdapterKind::Integrated,
        wgpu::DeviceType::VirtualGpu => AdapterKind::Virtual,
        wgpu::DeviceType::Cpu => AdapterKind::Software,
        wgpu::DeviceType::Other => AdapterKind::Unknown,
    };
    let named = [
        (wgpu::Features::SHADER_F16, "shader-f16"),
        (wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX, "cooperative-matrix"),
        (wgpu::Features::TIMESTAMP_QUERY, "timestamp-query"),
    ];
    let bytes = |name, value| Limit { name, value, bytes: true };
    let count = |name, value: u32| Limit { name, value: value.into(), bytes: false };
    GpuInfo {
        name: if info.name.is_empty() { "unnamed adapter".to_owned() } else { info.name.clone() },
        backend: format!("{:?}", info.backend),
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
        kind,
        tier: match features {
            features if features.contains(MATRIX) => Tier::Matrix,
            features if features.contains(wgpu::Features::SHADER_F16) => Tier::Fast,
            _ => Tier::Portable,
        },
        matrix: features.contains(MATRIX).then(|| matrix_unit(adapter)).flatten(),
        timestamps: features.contains(wgpu::Features::TIMESTAMP_QUERY),
        features: named
            .into_iter()
            .filter(|(feature, _)| features.contains(*feature))
            .map(|(_, name)| name.to_owned())
            .collect(),
        limits: vec![
            bytes("largest buffer", limits.max_buffer_size),
            bytes("largest binding", limits.max_storage_buffer_binding_size),
            bytes("workgroup memory", limits.max_compute_workgroup_storage_size.into()),
            count("invocations per workgroup", limits.max_compute_invocations_per_workgroup),
            count("workgroups per dimension", limits.max_compute_workgroups_per_dimension),
            count("storage buffers per shader", limits.max_storage_buffers_per_shader_stage),
        ],
    }
}
