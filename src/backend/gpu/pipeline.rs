//! Compiled kernels, and what they are bound to.

#![allow(unsafe_code, reason = "kernels without bounds checks")]

use std::borrow::Cow;

use wgpu::{
    BindGroup, BindGroupDescriptor, BindGroupEntry, BindGroupLayout, BindGroupLayoutDescriptor,
    BindGroupLayoutEntry, BindingType, Buffer, BufferBindingType, BufferUsages, ComputePass,
    ComputePipeline, ComputePipelineDescriptor, PipelineCompilationOptions,
    PipelineLayoutDescriptor, ShaderModuleDescriptor, ShaderRuntimeChecks, ShaderSource,
    ShaderStages,
};

use super::{
    device::{Device, Trouble},
    shader,
};

/// Bindings of every kernel: input, output, tables.
pub(super) struct Layout {
    bindings: BindGroupLayout,
    tables: Buffer,
}

/// A compiled kernel.
pub(super) struct Kernel {
    pipeline: ComputePipeline,
    /// Records that one workgroup takes.
    group_records: u32,
    /// SHA-256 of the source.
    pub(super) digest: String,
}

impl Layout {
    pub(super) fn new(device: &Device) -> Result<Self, Trouble> {
        let entries = [true, false, true].into_iter().zip(0..).map(|(read_only, binding)| {
            let ty = BindingType::Buffer {
                ty: BufferBindingType::Storage { read_only },
                has_dynamic_offset: false,
                min_binding_size: None,
            };
            BindGroupLayoutEntry { binding, visibility: ShaderStages::COMPUTE, ty, count: None }
        });
        let entries: Vec<_> = entries.collect();
        let descriptor = BindGroupLayoutDescriptor { label: None, entries: &entries };
        let bindings =
            device.make("bindings", |device| device.create_bind_group_layout(&descriptor))?;
        let words = shader::tables();
        let usage = BufferUsages::STORAGE | BufferUsages::COPY_DST;
        let tables = device.buffer("tables", size_of_val(words.as_slice()) as u64, usage)?;
        device.queue.write_buffer(&tables, 0, bytemuck::cast_slice(&words));
        Ok(Self { bindings, tables })
    }

    /// Binds an input and an output.
    pub(super) fn bind(
        &self,
        device: &Device,
        input: &Buffer,
        output: &Buffer,
    ) -> Result<BindGroup, Trouble> {
        let entries =
            [input, output, &self.tables].into_iter().zip(0..).map(|(buffer, binding)| {
                BindGroupEntry { binding, resource: buffer.as_entire_binding() }
            });
        let entries: Vec<_> = entries.collect();
        let descriptor =
            BindGroupDescriptor { label: None, layout: &self.bindings, entries: &entries };
        device.make("bindings", |device| device.create_bind_group(&descriptor))
    }

    /// Compiles a source whose workgroups take `group_records` records each.
    pub(super) fn compile(
        &self,
        device: &Device,
        source: &str,
        group_records: u32,
    ) -> Result<Kernel, Trouble> {
        let pipeline = device.make("compiling the shader", |wgpu| {
            let descriptor = ShaderModuleDescriptor {
                label: None,
                source: ShaderSource::Wgsl(Cow::Borrowed(source)),
            };
            // SAFETY: without bounds checks no index may leave its buffer. Every index is below
            // that of the last thread, which `groups` keeps within the records that the buffers
            // were made for: `round_up` makes them whole workgroups of the largest kind.
            let module = unsafe {
                wgpu.create_shader_module_trusted(descriptor, ShaderRuntimeChecks::unchecked())
            };
            let layout = wgpu.create_pipeline_layout(&PipelineLayoutDescriptor {
                label: None,
                bind_group_layouts: &[Some(&self.bindings)],
                immediate_size: 0,
            });
            wgpu.create_compute_pipeline(&ComputePipelineDescriptor {
                label: None,
                layout: Some(&layout),
                module: &module,
                entry_point: Some("main"),
                compilation_options: PipelineCompilationOptions {
                    // The kernels write all of it before they read it.
                    zero_initialize_workgroup_memory: false,
                    ..PipelineCompilationOptions::default()
                },
                cache: None,
            })
        })?;
        Ok(Kernel { pipeline, group_records, digest: shader::digest(source) })
    }
}

/// Records of the largest workgroup: buffers hold whole ones.
pub(super) const GROUP_RECORDS_MAX: usize = 4 * shader::THREADS as usize;

/// Most workgroups of one launch, on every device, times the records of the smallest.
const LAUNCH_RECORDS_MAX: usize = 65_535 * shader::THREADS as usize;

/// Records that buffers must have room for.
pub(super) const fn round_up(records: usize) -> usize {
    records.next_multiple_of(GROUP_RECORDS_MAX)
}

impl Kernel {
    /// Launches the kernel over so many records of what is bound.
    pub(super) fn launch(&self, pass: &mut ComputePass<'_>, bound: &BindGroup, records: usize) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, bound, &[]);
        pass.dispatch_workgroups(groups(records, self.group_records), 1, 1);
    }
}

/// Workgroups that take so many records.
const fn groups(records: usize, group_records: u32) -> u32 {
    records.div_ceil(group_records as usize) as u32
}

/// Most records of one launch on a device whose bindings hold so many bytes. Whole workgroups, so
/// that rounding up does not leave the binding.
pub(super) const fn part_records(binding_bytes_max: usize, input_bytes: usize) -> usize {
    let fitting = binding_bytes_max / input_bytes;
    let records = if fitting < LAUNCH_RECORDS_MAX { fitting } else { LAUNCH_RECORDS_MAX };
    records / GROUP_RECORDS_MAX * GROUP_RECORDS_MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::gpu::{adapter, device, shader::Variant};

    /// A shader that does not compile, and a buffer that no device has, are refused in one line,
    /// and the device goes on.
    #[test]
    fn refusals_are_one_line() {
        let Ok(found) = adapter::choose(adapter::list(), None) else {
            assert!(std::env::var_os("CI").is_none(), "CI needs an adapter");
            return;
        };
        device::require(&found).unwrap();
        let device = Device::open(&found).unwrap();
        let layout = Layout::new(&device).unwrap();
        for source in ["fn main( {", "@compute @workgroup_size(1) fn other() {}"] {
            let refused = layout.compile(&device, source, 1).map(|_| ()).unwrap_err().to_string();
            assert!(refused.starts_with("compiling the shader: "), "{refused}");
            assert!(!refused.contains('\n'), "{refused}");
        }
        let usage = BufferUsages::STORAGE;
        let refused = device.buffer("a test", 1 << 50, usage).unwrap_err().to_string();
        assert!(refused.contains("a test") && !refused.contains('\n'), "{refused}");
        device.check().unwrap();
        assert!(device.buffer("a test", 1 << 10, usage).is_ok());
    }

    /// The last thread of a launch stays within what the buffers have room for, for every
    /// variant and every length: what the kernels without bounds checks rely on.
    #[test]
    fn launches_stay_within_their_buffers() {
        let largest = Variant::all().map(Variant::group_records).max().unwrap();
        assert_eq!(largest.max(shader::READ_GROUP_RECORDS) as usize, GROUP_RECORDS_MAX);
        for variant in Variant::all() {
            let group_records = variant.group_records();
            for records in [1, 255, 256, 257, 1_023, 1_024, 1_025, part_records(usize::MAX, 24)] {
                let groups = groups(records, group_records);
                let last = groups as usize * group_records as usize;
                assert!(last <= round_up(records), "{variant} {records}");
                assert!(groups <= 65_535, "{variant} {records}");
            }
        }
        for bytes_max in [1 << 20, 128 << 20, (1 << 31) - 1, usize::MAX] {
            let records = part_records(bytes_max, 24);
            assert!(records > 0 && round_up(records) == records, "{bytes_max}");
            assert!(records * 24 <= bytes_max, "{bytes_max}");
        }
    }
}
