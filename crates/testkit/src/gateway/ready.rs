use std::net::SocketAddr;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

/// What a gateway says of itself when it is ready.
pub(super) struct Ready {
    pub(super) data: SocketAddr,
    pub(super) admin: SocketAddr,
    /// Empty unless it has just made one.
    pub(super) admin_key: String,
}

impl Ready {
    /// Reads the line of `--ready-json`. Log lines may be JSON too; only this one names both planes.
    pub(super) fn from_json(line: &str) -> Option<Self> {
        let ready = serde_json::from_str::<serde_json::Value>(line.trim()).ok()?;
        let text = |name: &str| ready.get(name).and_then(serde_json::Value::as_str);
        Some(Self {
            data: text("data")?.parse().ok()?,
            admin: text("admin")?.parse().ok()?,
            admin_key: text("admin_key").unwrap_or_default().to_owned(),
        })
    }

    /// Reads the greeting once its last line is there.
    pub(super) fn from_greeting(text: &str) -> Option<Self> {
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.trim().strip_prefix(name));
            line.map(str::trim)
        };
        let address = |url: &str| {
            let (_, rest) = url.split_once("://")?;
            rest.split('/').next()?.parse().ok()
        };
        text.contains("print(client.").then_some(())?;
        let key = value("key ").filter(|key| key.starts_with("sk-"));
        Some(Self {
            data: address(value("clients ")?)?,
            admin: address(value("admin ")?)?,
            admin_key: key.unwrap_or_default().to_owned(),
        })
    }
}

pub(super) fn wait_ready(lines: &Receiver<String>, patience: Duration) -> Option<Ready> {
    let deadline = Instant::now() + patience;
    let mut text = String::new();
    loop {
        let left = deadline.checked_duration_since(Instant::now())?;
        let line = lines.recv_timeout(left).ok()?;
        text.push_str(&line);
        let ready = Ready::from_json(&line).or_else(|| Ready::from_greeting(&text));
        if ready.is_some() {
            return ready;
        }
    }
}
