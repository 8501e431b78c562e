//! What a person sees when the gateway has started.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;

use ironward_proxy::Snapshot;

/// Where one plane listens.
pub(crate) struct Port {
    pub(crate) address: SocketAddr,
    pub(crate) tls: bool,
}

impl Port {
    fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }
}

/// What there is to greet with.
pub(crate) struct Greeting<'a> {
    pub(crate) data: Port,
    pub(crate) admin: Port,
    pub(crate) snapshot: &'a Snapshot,
    /// The admin key, on the start that made it.
    pub(crate) new_key: Option<&'a str>,
    pub(crate) has_master_key: bool,
    /// There is no admin key, on purpose.
    pub(crate) is_retired: bool,
    pub(crate) data_dir: &'a std::path::Path,
}

impl Greeting<'_> {
    /// For people: where it listens, what can be asked, and two things to paste.
    pub(crate) fn text(&self) -> String {
        let url = self.data.url();
        let names = self.snapshot.model_names();
        let mut text = format!(
            "\nIronward {} is ready\n\n  clients   {url}/v1\n  admin     {}\n",
            env!("CARGO_PKG_VERSION"),
            self.admin.url()
        );
        let key = match (self.new_key, self.has_master_key) {
            (Some(key), _) => {
                let _infallible = writeln!(
                    text,
                    "  key       {key}\n            shown this once: keep it; `ironward admin-key` makes another"
                );
                key
            }
            (None, true) => {
                text.push_str("  key       the configuration's master_key\n");
                "$MASTER_KEY"
            }
            (None, false) if self.is_retired => {
                text.push_str("  key       an administrator's: the admin key is retired\n");
                "$IRONWARD_KEY"
            }
            (None, false) => {
                let _infallible = writeln!(
                    text,
                    "  key       the one shown on the first start; to make another: ironward admin-key --data-dir {}",
                    self.data_dir.display()
                );
                "$IRONWARD_KEY"
            }
        };
        text.push_str("  models    ");
        text.push_str(&if names.is_empty() {
            "none: name some in model_list".to_owned()
        } else {
            columns(&names)
        });
        let model = names
            .iter()
            .find(|name| !name.contains('*'))
            .or_else(|| names.first())
            .copied()
            .unwrap_or("MODEL");
        let model = model.replace('*', "MODEL");
        let _infallible = write!(
            text,
            r#"

Try it:

  curl {url}/v1/chat/completions -H "Authorization: Bearer {key}" -H "Content-Type: application/json" \
    -d '{{"model":"{model}","messages":[{{"role":"user","content":"Hello"}}]}}'

  from openai import OpenAI
  client = OpenAI(base_url="{url}/v1", api_key="{key}")
  print(client.chat.completions.create(model="{model}", messages=[{{"role": "user", "content": "Hello"}}]).choices[0].message.content)

"#
        );
        text
    }

    /// For scripts: one line of JSON.
    pub(crate) fn json(&self) -> String {
        let mut line = serde_json::json!({
            "data": self.data.address.to_string(),
            "admin": self.admin.address.to_string(),
            "models": self.snapshot.model_names(),
            "admin_key": self.new_key,
        })
        .to_string();
        line.push('\n');
        line
    }
}

/// Writes to standard output; a closed one keeps nobody from serving.
pub(crate) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _closed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Names side by side, wrapped below the first.
fn columns(names: &[&str]) -> String {
    const SHOWN: usize = 24;
    let mut text = String::new();
    let mut width = 0;
    for name in names.iter().take(SHOWN) {
        if width > 0 && width + name.len() > 80 {
            text.push_str("\n            ");
            width = 0;
        }
        text.push_str(name);
        text.push_str("  ");
        width += name.len() + 2;
    }
    if let Some(more) = names.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let _infallible = write!(text, "and {more} more");
    }
    text.trim_end().to_owned()
}
