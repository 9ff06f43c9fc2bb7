//! Builds the simulated hardware of the backend `fpga-verilator`: Verilator turns `fpga/rtl` into
//! C++, once for each number of lanes and each way to build, and a C++ compiler turns that and the
//! shim in `fpga/sim` into libraries.
//!
//! Without the feature nothing happens. Without Verilator the program is built all the same and says
//! what is missing; where `NANOGATE_REQUIRE_VERILATOR` is set, as in CI, that is an error.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, exit},
};

use sha2::{Digest, Sha256};

const LANES: [usize; 4] = [1, 2, 4, 8];
const TOP: &str = "capdesc_axis";
const REQUIRE: &str = "NANOGATE_REQUIRE_VERILATOR";

/// A way to build a model.
#[derive(Clone, Copy)]
struct Way {
    name: &'static str,
    is_checked: bool,
    /// For Verilator.
    flags: &'static [&'static str],
    /// For the C++ compiler, whatever the profile: a debug build must verify 4 Mi records too.
    opt_level: u32,
}

/// Cycle counts of both must agree; a test compares them.
const WAYS: [Way; 2] = [
    Way {
        name: "fast",
        is_checked: false,
        flags: &["-O3", "--x-assign", "fast", "--x-initial", "fast", "--noassert", "-DSYNTHESIS"],
        opt_level: 3,
    },
    Way {
        name: "checked",
        is_checked: true,
        flags: &["--assert", "--x-assign", "unique", "--x-initial", "unique", "--trace"],
        opt_level: 1,
    },
];

/// Builds what can be built, and tells the program what that is.
pub(crate) fn build() {
    println!("cargo::rustc-check-cfg=cfg(nanogate_verilator)");
    println!("cargo::rerun-if-changed=build");
    if env::var_os("CARGO_FEATURE_FPGA").is_none() {
        return;
    }
    println!("cargo::rerun-if-changed=fpga");
    for variable in ["VERILATOR", "VERILATOR_ROOT", "PATH", REQUIRE] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    let sources = sources();
    println!("cargo::rustc-env=NANOGATE_RTL_SHA256={}", digest(&sources));
    list_timing_reports();
    match Verilator::find() {
        Ok(verilator) => verilator.build_all(&sources),
        Err(reason) if env::var_os(REQUIRE).is_some_and(|value| !value.is_empty()) => {
            println!("cargo::error={reason}, and {REQUIRE} is set: install it");
            exit(1);
        }
        Err(reason) => println!(
            "cargo::warning={reason}: the backend fpga-verilator is left out; install verilator and \
             g++ and build again"
        ),
    }
}

/// The files named in `capdesc.f`, in its order.
fn sources() -> Vec<PathBuf> {
    let folder = Path::new("fpga/rtl");
    read(&folder.join("capdesc.f")).lines().map(|name| folder.join(name)).collect()
}

/// SHA-256 over name, newline and code of each file, as `fpga/source.py` has it: what timing reports
/// and proofs are made of. Comments may change; lines stay lines, for reports name them.
fn digest(sources: &[PathBuf]) -> String {
    let mut hash = Sha256::new();
    for path in sources {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        hash.update(format!("{name}\n"));
        for line in read(path).lines() {
            let code = line.split("//").next().unwrap_or_default().trim_end();
            hash.update(format!("{code}\n"));
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// Writes a list of the committed reports, with their text, for the program to include.
fn list_timing_reports() {
    let folder = Path::new("fpga/timing");
    let mut names: Vec<String> = fs::read_dir(folder)
        .map(|entries| entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()))
        .map(|names| names.filter(|name| Path::new(name).extension() == Some("json".as_ref())))
        .map(Iterator::collect)
        .unwrap_or_default();
    names.sort();
    let root = env::current_dir().unwrap_or_default();
    let line = |name: &String| {
        let path = root.join(folder).join(name);
        format!("    (\"{name}\", include_str!(r\"{}\")),\n", path.display())
    };
    let list = names.iter().map(line).collect::<Vec<_>>().concat();
    let text = format!("&[\n{list}]\n");
    let file = out_dir().join("timing_reports.rs");
    fs::write(&file, text).unwrap_or_else(|error| fail(&format!("{}: {error}", file.display())));
}

/// The simulator's compiler.
struct Verilator {
    program: String,
    version: String,
    /// Where its runtime library is.
    include: PathBuf,
}

impl Verilator {
    fn find() -> Result<Self, String> {
        let program = env::var("VERILATOR").unwrap_or_else(|_| "verilator".into());
        let ask = |arguments: &[&str]| {
            let output = Command::new(&program).args(arguments).output();
            output.ok().filter(|output| output.status.success()).map(|output| output.stdout)
        };
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim().to_owned();
        let version = text(ask(&["--version"]).ok_or(format!("{program} is not installed"))?);
        let root = text(ask(&["--getenv", "VERILATOR_ROOT"]).unwrap_or_default());
        let include = Path::new(&root).join("include");
        if !include.join("verilated.h").exists() {
            return Err(format!("{program} has no runtime library in {}", include.display()));
        }
        let compiler = cc::Build::new().cpp(true).get_compiler();
        if compiler.to_command().arg("--version").output().is_err() {
            return Err(format!("{} is not installed", compiler.path().display()));
        }
        // "Verilator 5.006 2023-01-22 rev ...": the first two words say it.
        let version = version.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        Ok(Self { program, version, include })
    }

    fn build_all(&self, sources: &[PathBuf]) {
        for lanes in LANES {
            for way in WAYS {
                self.build(sources, lanes, way);
            }
        }
        // After the models, which need it.
        let mut runtime = self.compiler(3);
        for name in ["verilated.cpp", "verilated_threads.cpp", "verilated_vcd_c.cpp"] {
            runtime.file(self.include.join(name));
        }
        // What the design says must not end the process: see capdesc_report.h.
        for name in ["VL_USER_FINISH", "VL_USER_STOP", "VL_USER_FATAL"] {
            runtime.define(name, None);
        }
        runtime.define("VM_TRACE", "1").define("VM_TRACE_VCD", "1");
        runtime.file("fpga/sim/capdesc_report.cpp").compile("capdesc_runtime");
        println!("cargo::rustc-env=NANOGATE_VERILATOR={}", self.version);
        println!("cargo::rustc-cfg=nanogate_verilator");
    }

    /// One library: the model, and the shim around it.
    fn build(&self, sources: &[PathBuf], lanes: usize, way: Way) {
        let table = format!("capdesc_x{lanes}_{}", way.name);
        let folder = out_dir().join(&table);
        self.verilate(sources, lanes, way, &format!("V{table}"), &folder);
        // What runs in every cycle with the shim around it, and what runs once: each in one piece,
        // since the headers take longer than the code, and the second at no cost in compiling.
        let (slow, fast): (Vec<_>, Vec<_>) = written(&folder).into_iter().partition(|path| {
            path.to_string_lossy().contains("Slow") || path.to_string_lossy().contains("Syms")
        });
        let shim = env::current_dir().unwrap_or_default().join("fpga/sim/capdesc_sim.cpp");
        let traced = if way.is_checked { "1" } else { "0" };
        let mut library = self.compiler(0);
        for (name, files, opt_level) in
            [("slow", slow, 0), ("fast", [fast, vec![shim]].concat(), way.opt_level)]
        {
            let one = folder.join(format!("{table}_{name}.cc"));
            let include = |path: &PathBuf| format!("#include \"{}\"\n", path.display());
            let text = files.iter().map(include).collect::<Vec<_>>().concat();
            fs::write(&one, text).unwrap_or_else(|error| fail(&error.to_string()));
            let mut compiler = self.compiler(opt_level);
            compiler
                .include(&folder)
                .file(&one)
                .define("CAPDESC_MODEL", format!("V{table}").as_str())
                .define("CAPDESC_HEADER", format!("\"V{table}.h\"").as_str())
                .define("CAPDESC_TABLE", table.as_str())
                .define("CAPDESC_LANES", lanes.to_string().as_str())
                .define("CAPDESC_CHECKED", traced)
                .define("VM_TRACE", traced)
                .define("VM_TRACE_VCD", traced);
            library.objects(compiler.compile_intermediates());
        }
        library.compile(&table);
    }

    /// Writes a model in C++ to an empty folder: what an earlier version of the design left there must
    /// not be compiled.
    fn verilate(&self, sources: &[PathBuf], lanes: usize, way: Way, class: &str, folder: &Path) {
        let _ = fs::remove_dir_all(folder);
        let output = Command::new(&self.program)
            .args(["--cc", "--top-module", TOP, "--prefix", class, "--Mdir"])
            .arg(folder)
            .arg(format!("-GLANES={lanes}"))
            .args(way.flags)
            .arg("fpga/lint/verilator.vlt")
            .args(sources)
            .output();
        match output {
            Ok(output) if output.status.success() => {}
            Ok(output) => fail(&String::from_utf8_lossy(&output.stderr)),
            Err(error) => fail(&format!("{}: {error}", self.program)),
        }
    }

    fn compiler(&self, opt_level: u32) -> cc::Build {
        let mut compiler = cc::Build::new();
        compiler
            .cpp(true)
            .std("c++17")
            .opt_level(opt_level)
            .debug(false)
            .warnings(false)
            // Parities are what the design is made of.
            .flag_if_supported("-mpopcnt")
            // Together a tenth of the speed.
            .force_frame_pointer(false)
            .pic(false)
            .flag_if_supported("-fPIE")
            .include(&self.include)
            .include("fpga/sim");
        compiler
    }
}

/// The C++ files that Verilator wrote.
fn written(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).map(|entries| entries.flatten().map(|entry| entry.path()));
    let mut files: Vec<PathBuf> = entries
        .map(|paths| {
            paths.filter(|path| path.extension().is_some_and(|ext| ext == "cpp")).collect()
        })
        .unwrap_or_default();
    files.sort();
    files
}

fn out_dir() -> PathBuf {
    PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default())
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| fail(&format!("{}: {error}", path.display())))
}

fn fail(message: &str) -> ! {
    for line in message.lines() {
        println!("cargo::error={line}");
    }
    exit(1)
}
