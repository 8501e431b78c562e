/// How a provider was asked to serve a call; each may have its own prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Service {
    /// At once, at the usual price.
    #[default]
    Standard,
    /// In a batch.
    Batch,
    /// Later, for less.
    Flex,
    /// Before others, for more.
    Priority,
    /// Between flex and priority.
    Balanced,
    /// As fast as the provider can.
    Ultrafast,
    /// Through the endpoint for decisions.
    Decisions,
    /// In the hours that [`crate::OffPeak`] names.
    OffPeak,
}

impl Service {
    /// Every service, in the order in which a line has them.
    pub const ALL: &[Self] = &[
        Self::Standard,
        Self::Batch,
        Self::Flex,
        Self::Priority,
        Self::Balanced,
        Self::Ultrafast,
        Self::Decisions,
        Self::OffPeak,
    ];

    /// Its name in the catalogue.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Batch => "batch",
            Self::Flex => "flex",
            Self::Priority => "priority",
            Self::Balanced => "balanced",
            Self::Ultrafast => "ultrafast",
            Self::Decisions => "decisions",
            Self::OffPeak => "off-peak",
        }
    }

    /// The service of this name.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|service| service.key() == key)
    }

    /// What LiteLLM puts behind the name of a price for this service.
    #[must_use]
    pub const fn litellm_suffix(self) -> Option<&'static str> {
        match self {
            Self::Standard | Self::OffPeak => None,
            Self::Batch => Some("_batches"),
            Self::Flex => Some("_flex"),
            Self::Priority => Some("_priority"),
            Self::Balanced => Some("_balanced"),
            Self::Ultrafast => Some("_ultrafast"),
            Self::Decisions => Some("_decisions"),
        }
    }

    /// The service of a `service_tier` as requests and replies have it, in any case; one that has
    /// no prices of its own (`auto`, `default`) is the standard one.
    #[must_use]
    pub fn of_tier(tier: &str) -> Self {
        let priced = [
            Self::Batch,
            Self::Flex,
            Self::Priority,
            Self::Balanced,
            Self::Ultrafast,
            Self::Decisions,
        ];
        let named = |service: &Self| tier.eq_ignore_ascii_case(service.key());
        priced.into_iter().find(named).unwrap_or_default()
    }
}

/// What multiplies the whole cost of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Uplift {
    /// Served by an endpoint of a region, not a global one.
    RegionalEndpoint,
    /// Processed in the European Union only.
    ProcessedEu,
    /// Processed in the United States only.
    ProcessedUs,
    /// Served under `FedRAMP`.
    Fedramp,
    /// Inference kept in the United States (Anthropic's `inference_geo`).
    InferenceUs,
    /// Served at double speed (Anthropic's `speed`).
    Fast,
}

impl Uplift {
    /// Every uplift, in the order in which a line has them.
    pub const ALL: &[Self] = &[
        Self::RegionalEndpoint,
        Self::ProcessedEu,
        Self::ProcessedUs,
        Self::Fedramp,
        Self::InferenceUs,
        Self::Fast,
    ];

    /// Its name in the catalogue.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::RegionalEndpoint => "times-regional-endpoint",
            Self::ProcessedEu => "times-processed-eu",
            Self::ProcessedUs => "times-processed-us",
            Self::Fedramp => "times-fedramp",
            Self::InferenceUs => "times-inference-us",
            Self::Fast => "times-fast",
        }
    }

    /// The uplift of this name.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|uplift| uplift.key() == key)
    }

    /// What LiteLLM's price map calls it.
    #[must_use]
    pub const fn litellm(self) -> &'static str {
        match self {
            Self::RegionalEndpoint => "regional_endpoint_uplift_multiplier",
            Self::ProcessedEu => "regional_processing_uplift_multiplier_eu",
            Self::ProcessedUs => "regional_processing_uplift_multiplier_us",
            Self::Fedramp => "fedramp_uplift_multiplier",
            Self::InferenceUs => "provider_specific_entry.us",
            Self::Fast => "provider_specific_entry.fast",
        }
    }

    /// The uplift that LiteLLM's price map calls this.
    #[must_use]
    pub fn of_litellm(field: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|uplift| uplift.litellm() == field)
    }
}
