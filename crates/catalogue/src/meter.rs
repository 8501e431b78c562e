/// What a price is the price of one of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A token; prices are written for a million.
    Token,
    /// A character; prices are written for a million.
    Character,
    /// A pixel; prices are written for a million.
    Pixel,
    /// A second; counted in thousandths.
    Second,
    /// An image, a page, a query: counted one by one.
    Piece,
}

/// Which sum of a usage a meter's count is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Of the input tokens.
    Input,
    /// Of the output tokens.
    Output,
    /// Of neither: counted beside the tokens.
    Beside,
}

impl Unit {
    /// Prices are written for ten to this many of it.
    #[must_use]
    pub const fn exponent(self) -> u8 {
        match self {
            Self::Token | Self::Character | Self::Pixel => 6,
            Self::Second | Self::Piece => 0,
        }
    }

    /// What a written price is the price of.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "million tokens",
            Self::Character => "million characters",
            Self::Pixel => "million pixels",
            Self::Second => "second",
            Self::Piece => "one",
        }
    }
}

macro_rules! meters {
    ($($(#[doc = $doc:literal])+ $name:ident $key:literal $unit:ident $side:ident $field:literal;)+) => {
        /// What is counted and has a price.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Meter {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Meter {
            /// Every meter, in the order in which a line has them.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Its name in the catalogue.
            #[must_use]
            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)+ }
            }

            /// The name of its price in LiteLLM's configuration and price map.
            #[must_use]
            pub const fn litellm(self) -> &'static str {
                match self { $(Self::$name => $field,)+ }
            }

            /// What it counts.
            #[must_use]
            pub const fn unit(self) -> Unit {
                match self { $(Self::$name => Unit::$unit,)+ }
            }

            /// What its count is a part of.
            #[must_use]
            pub const fn side(self) -> Side {
                match self { $(Self::$name => Side::$side,)+ }
            }
        }
    };
}

meters! {
    /// Input tokens that have no other price.
    Input "in" Token Input "input_cost_per_token";
    /// Input tokens read from the provider's prompt cache.
    Cached "cached" Token Input "cache_read_input_token_cost";
    /// The same from a cache that the client asked for by name.
    CachedExplicit "cached-explicit" Token Input "explicit_cache_read_input_token_cost";
    /// Input tokens written to the provider's prompt cache.
    CacheWrite "write" Token Input "cache_creation_input_token_cost";
    /// The same, kept for an hour.
    CacheWrite1h "write-1h" Token Input "cache_creation_input_token_cost_above_1hr";
    /// The same, kept for twelve hours.
    CacheWrite12h "write-12h" Token Input "cache_creation_input_token_cost_above_12hr";
    /// Audio tokens of the input.
    AudioIn "audio-in" Token Input "input_cost_per_audio_token";
    /// Audio tokens read from the prompt cache.
    AudioCached "audio-cached" Token Input "cache_read_input_audio_token_cost";
    /// Audio tokens written to the prompt cache.
    AudioWrite "audio-write" Token Input "cache_creation_input_audio_token_cost";
    /// Image tokens of the input.
    ImageTokensIn "image-tokens-in" Token Input "input_cost_per_image_token";
    /// Image tokens read from the prompt cache.
    ImageTokensCached "image-tokens-cached" Token Input "cache_read_input_image_token_cost";
    /// Video tokens of the input.
    VideoTokensIn "video-tokens-in" Token Input "input_cost_per_video_token";
    /// Output tokens that have no other price.
    Output "out" Token Output "output_cost_per_token";
    /// Output tokens spent on reasoning.
    Reasoning "reasoning" Token Output "output_cost_per_reasoning_token";
    /// Audio tokens of the output.
    AudioOut "audio-out" Token Output "output_cost_per_audio_token";
    /// Image tokens of the output.
    ImageTokensOut "image-tokens-out" Token Output "output_cost_per_image_token";
    /// Video tokens of the output.
    VideoTokensOut "video-tokens-out" Token Output "output_cost_per_video_token";
    /// Tokens of the sources that a search quotes.
    Citation "citations" Token Beside "citation_cost_per_token";
    /// Characters of the input.
    CharactersIn "characters-in" Character Beside "input_cost_per_character";
    /// Characters of the output.
    CharactersOut "characters-out" Character Beside "output_cost_per_character";
    /// Pixels of the input.
    PixelsIn "pixels-in" Pixel Beside "input_cost_per_pixel";
    /// Pixels of the output.
    PixelsOut "pixels-out" Pixel Beside "output_cost_per_pixel";
    /// Images of the input.
    ImagesIn "images-in" Piece Beside "input_cost_per_image";
    /// Images of the output.
    ImagesOut "images-out" Piece Beside "output_cost_per_image";
    /// Images of the output, half a thousand pixels wide.
    ImagesOutHalfK "images-out-0.5k" Piece Beside "output_cost_per_image_0.5K";
    /// Images of the output, a thousand pixels wide.
    ImagesOut1k "images-out-1k" Piece Beside "output_cost_per_image_1K";
    /// Images of the output, two thousand pixels wide.
    ImagesOut2k "images-out-2k" Piece Beside "output_cost_per_image_2K";
    /// Images of the output, four thousand pixels wide.
    ImagesOut4k "images-out-4k" Piece Beside "output_cost_per_image_4K";
    /// Images of the output, 512 pixels wide.
    ImagesOut512 "images-out-512" Piece Beside "output_cost_per_image_512";
    /// Images of the output, 1024 pixels wide.
    ImagesOut1024 "images-out-1024" Piece Beside "output_cost_per_image_1024";
    /// Images of the output, 1536 pixels wide.
    ImagesOut1536 "images-out-1536" Piece Beside "output_cost_per_image_1536";
    /// Seconds that the model worked.
    Seconds "seconds" Second Beside "cost_per_second";
    /// Seconds of what goes in.
    SecondsIn "seconds-in" Second Beside "input_cost_per_second";
    /// Seconds of what comes out.
    SecondsOut "seconds-out" Second Beside "output_cost_per_second";
    /// Seconds of what comes out, 480 lines high.
    SecondsOut480p "seconds-out-480p" Second Beside "output_cost_per_second_480p";
    /// Seconds of what comes out, 720 lines high.
    SecondsOut720p "seconds-out-720p" Second Beside "output_cost_per_second_720p";
    /// Seconds of what comes out, 768 lines high.
    SecondsOut768p "seconds-out-768p" Second Beside "output_cost_per_second_768p";
    /// Seconds of what comes out, 1080 lines high.
    SecondsOut1080p "seconds-out-1080p" Second Beside "output_cost_per_second_1080p";
    /// Seconds of what comes out, two thousand pixels wide.
    SecondsOut2k "seconds-out-2k" Second Beside "output_cost_per_second_2k";
    /// Seconds of what comes out, four thousand pixels wide.
    SecondsOut4k "seconds-out-4k" Second Beside "output_cost_per_second_4k";
    /// Seconds of audio that go in.
    AudioSecondsIn "audio-seconds-in" Second Beside "input_cost_per_audio_per_second";
    /// Seconds of video that go in.
    VideoSecondsIn "video-seconds-in" Second Beside "input_cost_per_video_per_second";
    /// Seconds of video that go in, of one longer than 8 seconds.
    VideoSecondsInOver8s "video-seconds-in-over-8s" Second Beside "input_cost_per_video_per_second_above_8s_interval";
    /// Seconds of video that go in, of one longer than 15 seconds.
    VideoSecondsInOver15s "video-seconds-in-over-15s" Second Beside "input_cost_per_video_per_second_above_15s_interval";
    /// Seconds of video that come out.
    VideoSecondsOut "video-seconds-out" Second Beside "output_cost_per_video_per_second";
    /// Queries: of a search, or documents to rank.
    Queries "queries" Piece Beside "input_cost_per_query";
    /// Calls.
    Requests "requests" Piece Beside "input_cost_per_request";
    /// Messages of text.
    Messages "messages" Piece Beside "input_cost_per_text_message";
    /// Pages that were read.
    Pages "pages" Piece Beside "ocr_cost_per_page";
    /// Pages that were annotated.
    AnnotatedPages "annotated-pages" Piece Beside "annotation_cost_per_page";
    /// Credits of a reader of pages.
    PageCredits "page-credits" Piece Beside "ocr_cost_per_credit";
    /// Searches of the web with little context.
    SearchesLow "searches-low" Piece Beside "search_context_cost_per_query.search_context_size_low";
    /// Searches of the web with the usual context.
    SearchesMedium "searches-medium" Piece Beside "search_context_cost_per_query.search_context_size_medium";
    /// Searches of the web with much context.
    SearchesHigh "searches-high" Piece Beside "search_context_cost_per_query.search_context_size_high";
    /// Prompts answered with the help of maps.
    Maps "maps" Piece Beside "google_maps_grounding_cost_per_query";
    /// Sessions of a code interpreter.
    CodeSessions "code-sessions" Piece Beside "code_interpreter_cost_per_session";
}

impl Meter {
    /// The meter of this name.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|meter| meter.key() == key)
    }

    /// The meter whose price LiteLLM calls this.
    #[must_use]
    pub fn of_litellm(field: &str) -> Option<Self> {
        // DeepSeek's older name of the same price.
        if field == "input_cost_per_token_cache_hit" {
            return Some(Self::Cached);
        }
        Self::ALL
            .iter()
            .copied()
            .find(|meter| meter.litellm() == field)
    }

    /// The meters whose price stands in where this one has none, nearest first.
    #[must_use]
    pub const fn stand_ins(self) -> &'static [Self] {
        match (self, self.side()) {
            (Self::Input, _) | (_, Side::Beside) => &[],
            // A model that gives nothing but images or speech.
            (Self::Output, _) => &[Self::ImageTokensOut, Self::AudioOut, Self::VideoTokensOut],
            (Self::CacheWrite1h | Self::CacheWrite12h, _) => &[Self::CacheWrite, Self::Input],
            (Self::CachedExplicit, _) => &[Self::Cached, Self::Input],
            (Self::AudioCached, _) => &[Self::Cached, Self::AudioIn, Self::Input],
            (Self::AudioWrite, _) => &[Self::CacheWrite, Self::AudioIn, Self::Input],
            (Self::ImageTokensCached, _) => &[Self::Cached, Self::ImageTokensIn, Self::Input],
            (_, Side::Input) => &[Self::Input],
            (_, Side::Output) => &[Self::Output],
        }
    }
}
