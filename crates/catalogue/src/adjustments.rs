use crate::{Adjustment, InvalidAdjustment};

/// The discounts and margins of all providers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adjustments {
    discounts: Vec<Discount>,
    margins: Vec<Margin>,
}

/// A discount of a provider, or of those of its models that a pattern names.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Discount {
    provider: Box<str>,
    models: Option<Box<str>>,
    part: Box<str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Margin {
    /// A provider, or [`EVERYBODY`].
    provider: Box<str>,
    part: Option<Box<str>>,
    fixed: Option<Box<str>>,
}

/// In the place of a provider: everybody who has no margin of their own.
const EVERYBODY: &str = "global";

impl Adjustments {
    /// Adds a discount for `provider`, or for the models of one: `provider/pattern`, where `*` stands
    /// for any text and `?` for any character.
    ///
    /// # Errors
    /// When `part` is not from 0 to 1.
    pub fn discount(&mut self, whose: &str, part: &str) -> Result<(), InvalidAdjustment> {
        Adjustment::NONE.with_discount(part)?;
        let (provider, models) = match whose.split_once('/') {
            Some((provider, models)) => (provider, Some(models.into())),
            None => (whose, None),
        };
        self.discounts.push(Discount {
            provider: provider.into(),
            models,
            part: part.into(),
        });
        Ok(())
    }

    /// Adds a margin for `provider`, or for every provider without one (`global`): a part of the
    /// cost, an amount for each call, or both.
    ///
    /// # Errors
    /// When one of them is below 0 or no number.
    pub fn margin(
        &mut self,
        provider: &str,
        part: Option<&str>,
        fixed: Option<&str>,
    ) -> Result<(), InvalidAdjustment> {
        let margin = Margin {
            provider: provider.into(),
            part: part.map(Into::into),
            fixed: fixed.map(Into::into),
        };
        margin.put_on(Adjustment::NONE)?;
        self.margins.push(margin);
        Ok(())
    }

    /// Whether which model it is makes a difference for this provider.
    #[must_use]
    pub fn tells_models_apart(&self, provider: &str) -> bool {
        let mut discounts = self.discounts.iter();
        discounts.any(|discount| &*discount.provider == provider && discount.models.is_some())
    }

    /// What becomes of the price of this model. Of a provider's discounts the one with the model's
    /// name counts, else the pattern with the most characters of its own, else the one for all.
    #[must_use]
    pub fn of(&self, provider: &str, model: &str) -> Adjustment {
        let mut model = model;
        while let Some(rest) = model.strip_prefix(provider) {
            let Some(rest) = rest.strip_prefix('/') else {
                break;
            };
            model = rest;
        }
        let mut found: Option<(usize, &Discount)> = None;
        for discount in &self.discounts {
            let rank = discount.rank(provider, model);
            if let Some(rank) = rank.filter(|rank| found.is_none_or(|(best, _)| *rank > best)) {
                found = Some((rank, discount));
            }
        }
        let margin = |whose: &str| {
            let mut margins = self.margins.iter();
            margins.find(|margin| &*margin.provider == whose)
        };
        // What is here was checked when it was added.
        let adjustment = found.and_then(|(_, discount)| {
            let discounted = Adjustment::NONE.with_discount(&discount.part);
            discounted.ok()
        });
        let adjustment = adjustment.unwrap_or_default();
        match margin(provider).or_else(|| margin(EVERYBODY)) {
            Some(margin) => margin.put_on(adjustment).unwrap_or(adjustment),
            None => adjustment,
        }
    }
}

impl Discount {
    /// How well it fits the model: 0 as a discount for all, more the more characters it names.
    fn rank(&self, provider: &str, model: &str) -> Option<usize> {
        if &*self.provider != provider {
            return None;
        }
        match self.models.as_deref() {
            None => Some(0),
            Some(models) if models == model => Some(usize::MAX),
            Some(models) => {
                let literal = models.chars().filter(|c| !matches!(c, '*' | '?'));
                fits(models, model).then(|| literal.count() + 1)
            }
        }
    }
}

impl Margin {
    fn put_on(&self, mut adjustment: Adjustment) -> Result<Adjustment, InvalidAdjustment> {
        if let Some(part) = &self.part {
            adjustment = adjustment.with_margin(part)?;
        }
        if let Some(fixed) = &self.fixed {
            adjustment = adjustment.with_fixed(fixed)?;
        }
        Ok(adjustment)
    }
}

/// Whether a text is of the form of a pattern. It goes back to the last `*` alone, so that no pattern
/// takes long.
fn fits(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    let mut again = None;
    loop {
        let before = pattern.clone();
        match (pattern.next(), text.clone().next()) {
            (Some('*'), _) => {
                again = Some((before, text.clone()));
                continue;
            }
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => {
                text.next();
                continue;
            }
            _ => {}
        }
        // The `*` takes one character more.
        let Some((star, mut rest)) = again.take() else {
            return false;
        };
        if rest.next().is_none() {
            return false;
        }
        again = Some((star.clone(), rest.clone()));
        (pattern, text) = (star, rest);
        pattern.next();
    }
}

#[cfg(test)]
mod tests {
    use super::{Adjustments, fits};
    use crate::Adjustment;

    #[test]
    fn a_pattern_stands_for_texts() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("*", "any"),
            ("a?c", "abc"),
            ("gemini-*", "gemini-2.5-pro"),
            ("*-pro", "gemini-pro-pro"),
            ("*a*b*", "xxaxxbxx"),
        ] {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("", "a"),
            ("a", ""),
            ("?", ""),
            ("a?c", "ac"),
            ("gemini-*", "gemin"),
            ("*-pro", "gemini-pro-x"),
            ("*a*b", "xxaxxbxx"),
        ] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
        let (pattern, text) = ("*a".repeat(40), "a".repeat(2_000) + "b");
        assert!(!fits(&pattern, &text));
    }

    /// As LiteLLM's `resolve_cost_discount` and `_apply_cost_margin` choose.
    #[test]
    fn the_closest_discount_and_the_own_margin_count() {
        let mut all = Adjustments::default();
        for (whose, part) in [
            ("gemini", "0.05"),
            ("gemini/gemini-*", "0.1"),
            ("gemini/gemini-2.5-*", "0.2"),
            ("gemini/gemini-2.5-pro", "0.3"),
        ] {
            all.discount(whose, part).unwrap();
        }
        all.margin("global", Some("0.5"), None).unwrap();
        all.margin("openai", None, Some("0.001")).unwrap();
        let none = Adjustment::NONE;
        let of = |part: &str| {
            let discounted = none.with_discount(part).unwrap();
            discounted.with_margin("0.5").unwrap()
        };
        for (model, part) in [
            ("gemma-3", "0.05"),
            ("gemini-1.5", "0.1"),
            ("gemini-2.5-flash", "0.2"),
            ("gemini-2.5-pro", "0.3"),
            ("gemini/gemini/gemini-2.5-pro", "0.3"),
        ] {
            assert_eq!(all.of("gemini", model), of(part), "{model}");
        }
        assert_eq!(
            all.of("openai", "gpt-4o"),
            none.with_fixed("0.001").unwrap()
        );
        assert_eq!(all.of("mistral", "x"), none.with_margin("0.5").unwrap());
        assert!(all.tells_models_apart("gemini"));
        assert!(!all.tells_models_apart("openai"));
        assert_eq!(Adjustments::default().of("openai", "x"), none);
    }

    #[test]
    fn what_cannot_be_meant_is_not_added() {
        let mut all = Adjustments::default();
        assert!(all.discount("openai", "1.5").is_err());
        assert!(all.margin("openai", Some("-1"), None).is_err());
        assert!(all.margin("openai", None, Some("x")).is_err());
        assert_eq!(all, Adjustments::default());
    }
}
