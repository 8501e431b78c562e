use crate::{Catalogue, Entry};

/// A model of the catalogue, with the name that it has there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<'t> {
    /// Its name in the catalogue.
    pub name: &'t str,
    /// What the catalogue says of it.
    pub entry: Entry<'t>,
}

/// What Bedrock puts in front of a model for an inference profile of several regions. One that is
/// not here may have a price of its own.
const GEOGRAPHIES: [&str; 7] = ["us", "eu", "apac", "jp", "au", "global", "us-gov"];
/// How LiteLLM's names say by which of Bedrock's interfaces a model is called.
const INTERFACES: [&str; 3] = ["converse/", "converse_like/", "invoke/"];

impl<'t> Catalogue<'t> {
    /// The model that a provider calls by this name, as LiteLLM finds it: `provider/model`, then the
    /// bare name if it is of the same family of providers, and then both for less and less of the
    /// name: without Bedrock's interface, region, geography and context size, without what a
    /// fine-tuned model was made for, without a day at the end. In any case of letters.
    #[must_use]
    pub fn find(&self, provider: &str, model: &str) -> Option<Found<'t>> {
        self.model_in(self.line(provider, model)?)
    }

    /// The model of exactly this name in the catalogue, in any case of letters.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<Found<'t>> {
        self.model_in(self.model_line(&[name])?)
    }

    /// The line of the model that [`Catalogue::find`] finds. No line is read for it.
    pub(crate) fn line(&self, provider: &str, model: &str) -> Option<usize> {
        let mut form = Some(model);
        while let Some(name) = form {
            let found = self.line_of_exactly(provider, name);
            if found.is_some() {
                return found;
            }
            form = shorter(provider, name);
        }
        None
    }

    fn line_of_exactly(&self, provider: &str, name: &str) -> Option<usize> {
        let qualified = self.model_line(&[provider, "/", name]);
        qualified.or_else(|| {
            let bare = self.model_line(&[name])?;
            (family(self.provider_in(bare)?) == family(provider)).then_some(bare)
        })
    }
}

/// The providers of one family name their models alike: LiteLLM's price map splits some by kind of
/// model.
fn family(provider: &str) -> &str {
    for whole in ["vertex_ai", "fireworks_ai"] {
        if provider.starts_with(whole) {
            return whole;
        }
    }
    match provider {
        "bedrock_converse" => "bedrock",
        "cohere_chat" => "cohere",
        "text-completion-openai" => "openai",
        "text-completion-codestral" => "codestral",
        "azure_text" => "azure",
        other => other,
    }
}

/// The next shorter form of a name, if it has one.
fn shorter<'a>(provider: &str, name: &'a str) -> Option<&'a str> {
    if name.starts_with("ft:") {
        let second = name.match_indices(':').nth(1)?;
        return name.get(..second.0);
    }
    if provider == "gemini"
        && let Some(rest) = name.strip_prefix("models/")
    {
        return Some(rest);
    }
    if family(provider) == "bedrock" {
        let shorter = shorter_on_bedrock(name);
        if shorter.is_some() {
            return shorter;
        }
    }
    without_day(name)
}

fn shorter_on_bedrock(name: &str) -> Option<&str> {
    let interface = INTERFACES
        .iter()
        .find_map(|name_of| name.strip_prefix(name_of));
    let shorter = interface.or_else(|| name.strip_prefix("bedrock/"));
    if shorter.is_some() {
        return shorter;
    }
    if let Some((before, rest)) = name.split_once('/') {
        let whole = name.starts_with("arn:");
        return (whole || is_region(before)).then_some(rest);
    }
    if let Some((geography, rest)) = name.split_once('.')
        && GEOGRAPHIES.contains(&geography)
    {
        return Some(rest);
    }
    // amazon.nova-lite-v1:0:24k
    let (rest, size) = name.rsplit_once(':')?;
    let thousands = size.strip_suffix('k')?;
    thousands.parse::<u32>().is_ok().then_some(rest)
}

/// Whether it looks like a region of AWS: `eu-central-1`, `us-gov-west-1`.
fn is_region(text: &str) -> bool {
    let words = || text.split('-');
    let number = words().next_back().unwrap_or_default();
    words().count() >= 3 && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The name without a day at its end: `gpt-4o` of `gpt-4o-2024-08-06`.
fn without_day(name: &str) -> Option<&str> {
    let (rest, day) = name.split_at_checked(name.len().checked_sub(11)?)?;
    let pattern = b"-dddd-dd-dd";
    let fits = day.bytes().zip(pattern).all(|(byte, wanted)| {
        if *wanted == b'd' {
            byte.is_ascii_digit()
        } else {
            byte == *wanted
        }
    });
    (fits && !rest.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::{shorter, without_day};

    fn forms<'a>(provider: &str, name: &'a str) -> Vec<&'a str> {
        std::iter::successors(Some(name), |name| shorter(provider, name)).collect()
    }

    #[test]
    fn names_become_shorter_as_litellm_shortens_them() {
        assert_eq!(
            forms("bedrock", "converse/us.anthropic.claude-x-v1:0"),
            [
                "converse/us.anthropic.claude-x-v1:0",
                "us.anthropic.claude-x-v1:0",
                "anthropic.claude-x-v1:0"
            ]
        );
        assert_eq!(
            forms("bedrock", "us-east-1/amazon.nova-lite-v1:0:24k"),
            [
                "us-east-1/amazon.nova-lite-v1:0:24k",
                "amazon.nova-lite-v1:0:24k",
                "amazon.nova-lite-v1:0"
            ]
        );
        assert_eq!(
            forms(
                "bedrock",
                "arn:aws:bedrock:us-east-1:1:inference-profile/eu.x-v1:0"
            )
            .last(),
            Some(&"x-v1:0")
        );
        assert_eq!(
            forms("openai", "ft:gpt-4o-2024-08-06:org::id"),
            ["ft:gpt-4o-2024-08-06:org::id", "ft:gpt-4o-2024-08-06"]
        );
        assert_eq!(
            forms("openai", "gpt-4o-2024-08-06"),
            ["gpt-4o-2024-08-06", "gpt-4o"]
        );
        assert_eq!(
            forms("gemini", "models/gemini-x"),
            ["models/gemini-x", "gemini-x"]
        );
        // Only Bedrock has geographies.
        assert_eq!(forms("openai", "us.gpt"), ["us.gpt"]);
        assert_eq!(forms("bedrock", "zz.gpt"), ["zz.gpt"]);
    }

    #[test]
    fn a_day_is_a_day() {
        for name in [
            "",
            "-2024-08-06",
            "gpt-2024-8-6",
            "gpt-20240806",
            "gpt-2024-08-0x",
            "\u{e9}-2024",
        ] {
            assert_eq!(without_day(name), None, "{name}");
        }
    }
}
