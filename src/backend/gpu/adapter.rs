//! The adapters of this machine, and the choice of one.

use wgpu::{Backends, Features, Instance, InstanceDescriptor};

use crate::backend::{
    Unavailable,
    device::{Adapter, DeviceType},
};

/// An adapter with what is known of it.
pub(super) struct Found {
    pub(super) wgpu: wgpu::Adapter,
    pub(super) facts: Adapter,
}

/// Every adapter that a driver offers, in the driver's order.
pub(super) fn list() -> Vec<Found> {
    let descriptor = InstanceDescriptor::new_without_display_handle();
    let found = pollster::block_on(Instance::new(descriptor).enumerate_adapters(Backends::PRIMARY));
    let number = |(index, wgpu)| Found { facts: describe(index, &wgpu), wgpu };
    found.into_iter().enumerate().map(number).collect()
}

fn describe(index: usize, adapter: &wgpu::Adapter) -> Adapter {
    let (info, limits) = (adapter.get_info(), adapter.limits());
    let device_type = match info.device_type {
        wgpu::DeviceType::DiscreteGpu => DeviceType::Discrete,
        wgpu::DeviceType::IntegratedGpu => DeviceType::Integrated,
        wgpu::DeviceType::VirtualGpu => DeviceType::Virtual,
        wgpu::DeviceType::Cpu => DeviceType::Software,
        wgpu::DeviceType::Other => DeviceType::Other,
    };
    Adapter {
        index,
        name: info.name,
        device_type,
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
        api: info.backend.to_string(),
        binding_bytes_max: limits.max_storage_buffer_binding_size,
        buffer_bytes_max: limits.max_buffer_size,
        subgroup_size: [info.subgroup_min_size, info.subgroup_max_size],
        has_timestamps: adapter.features().contains(Features::TIMESTAMP_QUERY),
    }
}

/// The adapter that is asked for by index or by part of its name; without a wish the most capable
/// kind of device, a driver that imitates one last.
pub(super) fn choose(mut all: Vec<Found>, wish: Option<&str>) -> Result<Found, Unavailable> {
    let facts: Vec<&Adapter> = all.iter().map(|found| &found.facts).collect();
    let place = place(&facts, wish).map_err(|detail| Unavailable::NoAdapter { detail })?;
    Ok(all.swap_remove(place))
}

fn place(all: &[&Adapter], wish: Option<&str>) -> Result<usize, String> {
    if all.is_empty() {
        return Err("no Vulkan, Metal or DX12 driver offers one; install the driver of your GPU, \
                    or Mesa's software driver (mesa-vulkan-drivers) for checking only"
            .into());
    }
    let Some(wish) = wish else {
        let best = all.iter().enumerate().min_by_key(|(_, one)| rank(one.device_type));
        return Ok(best.map_or(0, |(place, _)| place));
    };
    let lower = wish.to_lowercase();
    let index = wish.parse::<usize>().ok();
    let by_index = all.iter().position(|one| Some(one.index) == index);
    let has_name = |place: &usize| all[*place].name.to_lowercase().contains(&lower);
    let by_name = || (0..all.len()).filter(has_name).collect();
    let meant: Vec<usize> = by_index.map_or_else(by_name, |place| vec![place]);
    match meant.as_slice() {
        [one] => Ok(*one),
        [] => Err(format!("--gpu {wish} is none of: {}", names(all.iter()))),
        several => {
            Err(format!("--gpu {wish} is several: {}", names(several.iter().map(|&one| &all[one]))))
        }
    }
}

const fn rank(device_type: DeviceType) -> u8 {
    match device_type {
        DeviceType::Discrete => 0,
        DeviceType::Integrated => 1,
        DeviceType::Virtual => 2,
        DeviceType::Other => 3,
        DeviceType::Software => 4,
    }
}

fn names<'a>(all: impl Iterator<Item = &'a &'a Adapter>) -> String {
    all.map(|one| format!("{} {} ({})", one.index, one.name, one.api))
        .collect::<Vec<_>>()
        .join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapter(index: usize, name: &str, device_type: DeviceType) -> Adapter {
        Adapter {
            index,
            name: name.into(),
            device_type,
            driver: "driver 1".into(),
            api: "vulkan".into(),
            binding_bytes_max: 1 << 27,
            buffer_bytes_max: 1 << 28,
            subgroup_size: [8, 8],
            has_timestamps: true,
        }
    }

    /// A real device is preferred to one that is imitated; a wish is an index or part of a name;
    /// one that fits none or several is refused with the names there are.
    #[test]
    fn wishes_are_granted_or_explained() {
        let all = [
            adapter(0, "llvmpipe (LLVM 15)", DeviceType::Software),
            adapter(1, "NVIDIA H200", DeviceType::Discrete),
            adapter(2, "NVIDIA H100", DeviceType::Discrete),
        ];
        let all: Vec<&Adapter> = all.iter().collect();
        assert_eq!(place(&all, None), Ok(1));
        assert_eq!(place(&all, Some("0")), Ok(0));
        assert_eq!(place(&all, Some("h100")), Ok(2));
        assert_eq!(place(&all, Some("200")), Ok(1), "no index, but part of a name");
        let missing = place(&all, Some("7")).unwrap_err();
        assert!(missing.contains("none of") && missing.contains("1 NVIDIA H200"), "{missing}");
        let several = place(&all, Some("nvidia")).unwrap_err();
        assert!(several.contains("several") && !several.contains("llvmpipe"), "{several}");
        assert!(place(&[], None).unwrap_err().contains("mesa-vulkan-drivers"));
    }
}
