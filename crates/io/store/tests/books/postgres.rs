//! A PostgreSQL server for this run of the tests: its own port, its own folder, gone with this process.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

static SERVER: OnceLock<u16> = OnceLock::new();

/// Port of the server, which the first to ask starts.
pub(crate) fn port() -> u16 {
    *SERVER.get_or_init(start)
}

fn start() -> u16 {
    let bin = newest().expect("PostgreSQL is not installed: ./dev test installs it");
    let dir = std::env::temp_dir().join(format!("palco-postgres-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    let data = dir.join("data");
    let root = rustix_is_root();
    if root {
        run(Command::new("chown").arg("postgres").arg(&dir));
    }
    run(as_postgres(root, &bin.join("initdb")).args(["-A", "trust", "-U", "palco", "-N", "-D"]).arg(&data));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (up, is_up) = channel();
    // The server is told to go when the thread that started it is gone: one that stays till the end.
    std::thread::spawn(move || {
        let mut server: Child = as_postgres(root, &bin.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k"])
            .arg(&dir)
            .args(["-c", "fsync=off", "-c", "max_connections=200"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        up.send(()).unwrap();
        server.wait()
    });
    is_up.recv().unwrap();
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(30), "PostgreSQL did not start");
        std::thread::yield_now();
    }
    port
}

/// It refuses to run as root.
fn as_postgres(root: bool, program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]);
    if root {
        command.args(["--reuid", "postgres", "--regid", "postgres", "--init-groups"]);
    }
    command.arg("--").arg(program).current_dir("/");
    command
}

fn rustix_is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn newest() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    versions
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .max()
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
