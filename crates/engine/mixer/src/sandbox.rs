//! The walls around the decoders: once closed, no network, no files but library folders
//! (read-only), no new programs, bounded memory.

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetStatus,
    Scope, path_beneath_rules,
};
use rustix::process::{Resource, Rlimit, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};
use std::collections::BTreeMap;

/// Address space: decoders of large pictures and thread stacks fit many times over.
const MEMORY: u64 = 8 << 30;
/// Open files: sockets, clips, event descriptors of pipelines.
const FILES: u64 = 512;
/// What loading a plugin later may read.
const READABLE: [&str; 9] = [
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/sys/devices/system/cpu",
    "/dev/null",
    "/dev/urandom",
];

/// Closes all walls; one line for each: what holds, or why it is missing.
pub(crate) fn close() -> Vec<String> {
    let line = |name: &str, held: Result<String, String>| match held {
        Ok(text) => format!("{name}: {text}"),
        Err(reason) => format!("{name}: missing: {reason}"),
    };
    // Landlock is inherited by threads made later and seccomp goes to all; both before ours begin.
    vec![line("limits", limits()), line("landlock", landlock()), line("seccomp", seccomp())]
}

/// Makes the wall around memory tighter, for work that needs little.
pub(crate) fn limit_memory(most: u64) -> Result<(), String> {
    let most = Rlimit { current: Some(most), maximum: Some(most) };
    setrlimit(Resource::As, most).map_err(|error| format!("memory: {error}"))
}

fn limits() -> Result<String, String> {
    for (resource, most) in [(Resource::Core, 0), (Resource::Nofile, FILES), (Resource::As, MEMORY)] {
        let most = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(resource, most).map_err(|error| format!("{resource:?}: {error}"))?;
    }
    Ok("no core dumps, 512 files, 8 GiB of address space".into())
}

fn landlock() -> Result<String, String> {
    let abi = ABI::V6;
    let plugins = std::env::var_os("GST_PLUGIN_PATH").unwrap_or_default();
    let readable = READABLE.iter().map(std::path::PathBuf::from).chain(std::env::split_paths(&plugins));
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(abi)))
        .and_then(|rules| rules.scope(Scope::from_all(abi)))
        .and_then(|rules| rules.create())
        .and_then(|rules| rules.add_rules(path_beneath_rules(readable, AccessFs::from_read(abi))))
        .and_then(|rules| rules.restrict_self())
        .map_err(|error| error.to_string())?;
    let what = "files read-only and in library folders only, no TCP";
    match status.ruleset {
        RulesetStatus::FullyEnforced => Ok(what.into()),
        RulesetStatus::PartiallyEnforced => Ok(format!("{what}, as far as this kernel can")),
        RulesetStatus::NotEnforced => Err("this kernel has none".into()),
    }
}

/// System calls a mixer never makes. (`socketpair` is not among them: GStreamer wakes its threads
/// with it, and it reaches nobody outside.)
fn denied() -> Vec<i64> {
    let mut calls = vec![
        libc::SYS_socket,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_listen,
        libc::SYS_accept,
        libc::SYS_accept4,
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_pidfd_open,
        libc::SYS_pidfd_getfd,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_io_uring_setup,
        libc::SYS_keyctl,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_kexec_load,
        libc::SYS_open_by_handle_at,
        libc::SYS_personality,
        libc::SYS_reboot,
        libc::SYS_swapon,
        libc::SYS_kill,
        libc::SYS_tkill,
    ];
    #[cfg(target_arch = "x86_64")]
    calls.extend([libc::SYS_fork, libc::SYS_vfork]);
    calls
}

fn seccomp() -> Result<String, String> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        denied().into_iter().map(|call| (call, Vec::new())).collect();
    // Threads yes, processes no. (clone3 hides its flags from the filter; a process made by it
    // has the same walls and can run nothing else.)
    let thread = libc::CLONE_THREAD.unsigned_abs();
    let process = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(thread.into()), 0)
        .and_then(|condition| SeccompRule::new(vec![condition]))
        .map_err(|error| error.to_string())?;
    rules.insert(libc::SYS_clone, vec![process]);
    let number = rules.len();
    let arch = std::env::consts::ARCH.try_into().map_err(|_| "not on this processor".to_owned())?;
    let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter =
        SeccompFilter::new(rules, SeccompAction::Allow, denied, arch).map_err(|error| error.to_string())?;
    let program = BpfProgram::try_from(filter).map_err(|error| error.to_string())?;
    seccompiler::apply_filter_all_threads(&program).map_err(|error| error.to_string())?;
    Ok(format!("{number} system calls denied, among them those for sockets and programs"))
}

/// `palco-mixer sandbox-check`: closes the walls and runs against each. Prints one line per wall
/// to standard error; fails if one gives way.
pub(crate) fn check() -> Result<(), String> {
    crate::elements::start()?;
    crate::elements::choose()?;
    for line in close() {
        crate::post::log(&line);
    }
    let mut open = Vec::new();
    if std::fs::File::open("/etc/passwd").is_ok() {
        open.push("a file can be read");
    }
    if std::fs::write("/tmp/palco-mixer-sandbox-check", "x").is_ok() {
        open.push("a file can be written");
    }
    if rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::DGRAM, None).is_ok() {
        open.push("a socket can be made");
    }
    if std::process::Command::new("/bin/true").status().is_ok() {
        open.push("a program can be run");
    }
    let thread = std::thread::spawn(|| {
        let unix =
            rustix::net::socket(rustix::net::AddressFamily::UNIX, rustix::net::SocketType::STREAM, None);
        unix.is_ok() || std::fs::File::open("/etc/hostname").is_ok()
    });
    if thread.join().unwrap_or(true) {
        open.push("a thread made later is free");
    }
    // What must still work: a plugin that was not loaded before.
    if let Err(text) = crate::elements::make("qtdemux") {
        return Err(format!("too tight: {text}"));
    }
    if open.is_empty() { Ok(()) } else { Err(open.join(", ")) }
}
