//! What the server says of itself (`/metrics`), and what the kernel says of processes here.

use serde::Serialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

/// Ticks of `/proc/PID/stat` per second: a constant of Linux's interface to programs (`USER_HZ`).
const TICKS: f64 = 100.0;

/// Metrics by name; those with labels are added up.
pub(crate) type Metrics = BTreeMap<String, f64>;

/// Reads Prometheus' text format. With `show`, other shows' numbers are left out.
pub(crate) fn read_metrics(text: &str, show: &str) -> Metrics {
    let mut metrics = Metrics::new();
    let label = format!("show=\"{show}\"");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((name, value)) = line.rsplit_once(' ') else { continue };
        let Ok(value) = value.parse::<f64>() else { continue };
        if name.contains("show=\"") && !name.contains(&label) {
            continue;
        }
        let name = name.split('{').next().unwrap_or(name);
        *metrics.entry(name.to_owned()).or_default() += value;
    }
    metrics
}

/// A process at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Process {
    /// CPU seconds since its start.
    pub(crate) cpu: f64,
    /// Bytes in memory.
    pub(crate) rss: u64,
    /// CPU seconds per thread, by its id and name.
    threads: BTreeMap<(String, String), f64>,
}

impl Process {
    /// By its id, or `self`.
    pub(crate) fn look(id: &str) -> Option<Self> {
        let folder = Path::new("/proc").join(id);
        let status = std::fs::read_to_string(folder.join("status")).ok()?;
        let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let rss: u64 = rss.trim().trim_end_matches("kB").trim().parse().ok()?;
        let (_, cpu) = stat(&std::fs::read_to_string(folder.join("stat")).ok()?)?;
        let mut threads = BTreeMap::new();
        for task in std::fs::read_dir(folder.join("task")).ok()?.flatten() {
            let text = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
            // A thread may be gone by now.
            if let Some((name, cpu)) = stat(&text) {
                threads.insert((task.file_name().to_string_lossy().into_owned(), name), cpu);
            }
        }
        Some(Self { cpu, rss: rss * 1_024, threads })
    }

    /// The thread that has worked most since `before`: its name, and CPU seconds.
    pub(crate) fn busiest(&self, before: &Self) -> Option<(String, f64)> {
        let worked = self.threads.iter().map(|(thread, cpu)| {
            (thread.1.clone(), cpu - before.threads.get(thread).copied().unwrap_or_default())
        });
        worked.max_by(|a, b| a.1.total_cmp(&b.1))
    }
}

/// Name and CPU seconds of a `stat` file (proc_pid_stat(5)).
fn stat(text: &str) -> Option<(String, f64)> {
    let (head, tail) = text.rsplit_once(')')?;
    let name = head.split_once('(')?.1.to_owned();
    let mut fields = tail.split_ascii_whitespace().skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((name, (user + system) / TICKS))
}

/// Seconds all CPUs together were busy, and how many there are.
pub(crate) fn machine() -> Option<(f64, usize)> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let all: Vec<f64> = text
        .lines()
        .next()?
        .split_ascii_whitespace()
        .skip(1)
        .take(8)
        .filter_map(|field| field.parse().ok())
        .collect();
    // user nice system idle iowait irq softirq steal
    let busy = all.iter().sum::<f64>() - all.get(3)? - all.get(4)?;
    let count = text.lines().filter(|l| l.starts_with("cpu")).count() - 1;
    Some((busy / TICKS, count))
}

/// The id of the process here that listens on this address, if we may see it.
pub(crate) fn listener(address: SocketAddr) -> Option<String> {
    if !address.ip().is_loopback() {
        return None;
    }
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let text: String = tables.iter().filter_map(|table| std::fs::read_to_string(table).ok()).collect();
    let wanted = format!("socket:[{}]", inode(&text, address.port())?);
    for process in std::fs::read_dir("/proc").ok()?.flatten() {
        let name = process.file_name().to_string_lossy().into_owned();
        if !name.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let Ok(open) = std::fs::read_dir(process.path().join("fd")) else { continue };
        let links = open.flatten().filter_map(|fd| std::fs::read_link(fd.path()).ok());
        if links.into_iter().any(|link| link.as_os_str() == wanted.as_str()) {
            return Some(name);
        }
    }
    None
}

/// The inode of the socket that listens on this port, in `/proc/net/tcp`.
fn inode(table: &str, port: u16) -> Option<&str> {
    const LISTENS: &str = "0A";
    let place = format!(":{port:04X}");
    table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let listens = fields.get(1)?.ends_with(&place) && *fields.get(3)? == LISTENS;
        listens.then(|| fields.get(9).copied()).flatten()
    })
}

/// Datagrams that came and found a socket here full, by the socket's port (`/proc/net/udp`).
pub(crate) fn overflows() -> BTreeMap<u16, u64> {
    let tables = ["/proc/net/udp", "/proc/net/udp6"];
    let text: String = tables.iter().filter_map(|table| std::fs::read_to_string(table).ok()).collect();
    read_overflows(&text)
}

fn read_overflows(table: &str) -> BTreeMap<u16, u64> {
    let line = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let port = u16::from_str_radix(fields.get(1)?.rsplit_once(':')?.1, 16).ok()?;
        Some((port, fields.get(12)?.parse().ok().filter(|drops| *drops > 0)?))
    };
    table.lines().filter_map(line).collect()
}

/// A process over a span of time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Usage {
    /// CPUs it used on average while everybody was in.
    pub cpus: f64,
    /// CPUs it used before the first viewer came.
    pub cpus_before: f64,
    /// The most that one of its threads used in any second, in CPUs, and which one.
    pub busiest_thread_cpus: f64,
    /// That thread's name.
    pub busiest_thread: String,
    /// Bytes in memory before the first viewer came.
    pub rss_before: u64,
    /// Bytes in memory at the end.
    pub rss_after: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_added_up_over_their_labels() {
        let text = "# TYPE a counter\na{why=\"x\"} 2\na{why=\"y\"} 3\nb 1.5\nc{show=\"demo\"} 1\nc{show=\"other\"} 9\nnonsense\n";
        let metrics = read_metrics(text, "demo");
        assert_eq!(metrics, Metrics::from([("a".into(), 5.0), ("b".into(), 1.5), ("c".into(), 1.0)]));
    }

    #[test]
    fn a_name_may_have_brackets_and_spaces() {
        let text = "7 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0\n";
        assert_eq!(stat(text), Some(("a) b (c)".into(), 2.0)));
    }

    #[test]
    fn full_sockets_are_known_by_their_ports() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
                     7: 0100007F:1F90 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 4242 2 0000000000000000 17\n\
                     8: 0100007F:1F91 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 4243 2 0000000000000000 0\n";
        assert_eq!(read_overflows(table), BTreeMap::from([(8_080, 17)]));
    }

    #[test]
    fn this_process_can_be_seen() {
        let process = Process::look("self").unwrap();
        assert!(process.rss > 0 && !process.threads.is_empty());
        assert!(machine().is_some_and(|(_, count)| count > 0));
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let found = listener(socket.local_addr().unwrap());
        assert_eq!(found, Some(std::process::id().to_string()));
    }
}
