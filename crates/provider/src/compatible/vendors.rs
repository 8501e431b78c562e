//! The vendors, in alphabetical order. Adding one is adding a row.
//!
//! Base URLs and names of variables are LiteLLM's, so that its configuration files work here.

use super::{Compatible, Endpoints, Quirk};

pub(super) static VENDORS: [Compatible; 99] = [
    Compatible {
        name: "abliteration",
        base_url: Some("https://api.abliteration.ai/v1"),
        key_variables: &["ABLITERATION_API_KEY"],
        ..Compatible::ROW
    },
    Compatible {
        name: "ai21",
        aliases: &["ai21_chat"],
        base_url: Some("https://api.ai21.com/studio/v1"),
        key_variables: &["AI21_API_KEY"],
        base_variables: &["AI21_API_BASE"],
        ..Compatible::ROW
    },
    Compatible {
        name: "aihubmix",
        base_url: Some("https://aihubmix.com/v1"),
        key_variables: &["AIHUBMIX_API_KEY"],
        base_variables: &["AIHUBMIX_API_BASE"],
        endpoints: Endpoints::CHAT_EMBEDDINGS,
        renames: &[],
        quirks: &[Quirk::Developer],
        ..Compatible::ROW
    },
    Compatible {
        name: "aiml",
        base_url: Some("https://api.aimlapi.com/v1"),
        key_variables: &["AIML_API_KEY", "AIMLAPI_KEY"],
        base_variables: &["AIML_API_BASE"],
        endpoints: Endpoints::CHAT_EMBEDDINGS,
        renames: &[],
        quirks: &[Quirk::Developer],
        ..Compatible::ROW
    },
    Compatible {
        name: "amazon_nova",
        base_url: Some("https://api.nova.amazon.com/v1"),
        key_variables: &["AMAZON_NOVA_API_KEY"],
        base_variables: &["AMAZON_NOVA_API_BASE"],
        ..Compatible::ROW
    },
    Compatible {
        name: "anyscale",
        base_url: Some("https://api.endpoints.anyscale.com/v1"),
        key_variables: &["ANYSCALE_API_KEY"],
        base_variables: &["ANYSCALE_API_BASE"],
        endpoints: Endpoints::ALL,
        ..Compatible::ROW
    },
    Compatible {
        name: "apertis",
        base_url: Some("https://api.stima.tech/v1"),
        key_variables: &["STIMA_API_KEY"],
        ..Compatible::ROW
    },
    Compatible {
        name: "assemblyai",
        base_url: Some("https://llm-gateway.assemblyai.com/v1"),
        key_variables: &["ASSEMBLYAI_API_KEY"],
        ..Compatible::ROW
    },
    Compatible {
        name: "baseten",
        base_url: Some("https://inference.baseten.co/v1"),
        key_variables: &["BASETEN_API_KEY"],
        base_variables: &["BASETEN_API_BASE"],
        ..Compatible::ROW
    },
    // https://inference-docs.cerebras.ai/resources/openai
    Compatible {
        name: "cerebras",
        base_url: Some("https://api.cerebras.ai/v1"),
        key_variables: &["CEREBRAS_API_KEY"],
        base_variables: &["CEREBRAS_API_BASE"],
        endpoints: Endpoints::CHAT_COMPLETIONS,
        renames: &[],
        refused: &[
            "frequency_penalty",
            "logit_bias",
            "presence_penalty",
            "top_k",
        ],
        strips: &["reasoning_content"],
        ..Compatible::ROW
    },
    Compatible {
        name: "charity_engine",
        base_url: Some("https://api.charityengine.services/remotejobs/v2/inference"),
        key_variables: &["CHARITY_ENGINE_API_KEY"],
        ..Compatible::ROW
    },
    Compatible {
        name: "chutes",
        base_url: Some("https://llm.chutes.ai/v1"),
        key_variables: &["CHUTES_API_KEY"],
        endpoints: Endpoints::CHAT_COMPLETIONS,
        ..Compatible::ROW
    },
    Compatible {
        name: "clarifai",
        base_url: Some("https://api.clarifai.com/v2/ext/openai/v1"),
        key_variables: &["CLARIFAI_API_KEY"],
        ..Compatible::ROW
    },
    Compatible {
        name: "cloudflare",
        key_variables: &["CLOUDFLARE_API_KEY"],
        base_variables: &["CLOUDFLARE_API_BASE"],
        endpoints: Endpoints::CHAT_EMBEDDINGS,
        ..Compatible::ROW
    },
    Compatible {
        name: "codestral",
        aliases: &["text-completion-codestral"],
        base_url: Some("https://codestral.mistral.ai/v1"),
        key_variables: &["CODESTRAL_API_KEY"],
        base_variables: &["CODESTRAL_API_BASE"],
        renames: MISTRAL_RENAMES,
        refused: MISTRAL_REFUSED,
        strips: MISTRAL_STRIPS,
        quirks: &[Quirk::NoStreamOptions, Quirk::RequiredIsAny],
        ..Compatible::ROW
    },
    Compatible {
        name: "cognition",
        base_url: Some("https://api.cognition.ai/v1"),
        key_variables: &["COGNITION_API_KEY"],
        base_variables: &["COGNITION_API_BASE"],
        ..Compatible::ROW
    },
    Compatible {
        name: "cometapi",
        base_url: Some("https://api.cometapi.com/v1"),
        key_variables: &["COMETAPI_KEY", "COMETAPI_API_KEY"],
        base_variables: &["COMETAPI_BASE_URL", "COMETAPI_API_BASE"],
        endpoints: Endpoints::CHAT_EMBEDDINGS,
        renames: &[],
        quirks: &[Quirk::Developer],
        ..Compatible::ROW
    },
    Compatible {
        name: "compactifai",
        base_url: Some("https://api.compactif.ai/v1"),
        key_variables: &["COMPACTIFAI_API_KEY"],
        endpoints: Endpoints::CHAT_COMPLETIONS,
        ..Compatible::ROW
    },
    Compatible {
        name: "cortecs",
        base_url: Some("https://api.cortecs.ai/v1"),
        key_variables: &["CORTECS_API_KEY"],
        base_variables: &["CORTECS_API_BASE"],
        ..Compatible::ROW
    },
    Compatible {
        name: "crusoe",
        base_url: Some("https://managed-inference-api-proxy.crusoecloud.com/v1"),
        key_variables: &["CRUSOE_API_KEY"],
        base_variables: &["CRUSOE_API_BASE"],
        ..Compatible::ROW
    },
    Compatible {
        name: "custom_openai",
        aliases: &["custom"],
        key_variables: &["CUSTOM_OPENAI_API_KEY"],
        base_variables: &["CUSTOM_OPENAI_API_BASE"],
        keyless: true,
        endpoints: Endpoints::ALL,
        renames: &[],
        quirks: &[Quirk::Developer],
        ..Compatible::ROW
    },
    Compatible {
        name: "darkbloom",
        base_url: Some("https://api.darkbloom.dev/v1"),
        key_variables: &["DARKBLOOM_API_KEY"],
        base_variables: &["DARKBLOOM_API_BASE"],
        ..Compatible::ROW
    },
    // https://www.alibabacloud.com/help/en/model-studio/context-cache
    Compatible {
        name: "dashscope",
        aliases: &["qwencloud", "qwen_ai_platform"],
        base_url: Some("https://dashscope.aliyuncs.com/compatible-mode/v1"),
        key_variables: &[
            "DASHSCOPE_API_KEY",
            "QWENCLOUD_API_KEY",
            "QWEN_AI_PLATFORM_API_KEY",
        ],
        base_variables: &["DASHSCOPE_API_BASE"],
        endpoints: Endpoints::CHAT_EMBEDDINGS,
        quirks: &[Quirk::CacheControl],
        ..Compatible::ROW
    },
    Compatible {
        name: "databricks",
        key_variables: &["DATABRICKS_API_KEY"],
        base_variables: &["DATABRICKS_API_BASE"],
        endpoints: Endpoints::ALL,
        ..Compatible::ROW
    },
    Compatible {
        name: "datarobot",
        base_url: Some("https://app.datarobot.com"),
        prefix: "/api/v2/genai/llmgw",
        key_variables: &["DATAROBOT_API_TOKEN"],
        base_variables: &["DATAROBOT_ENDPOINT"],
        ..Compatible::ROW
    },
    // https://deepinfra.com/docs/advanced/function_calling
    Compatible {
        name: "deepinfra",
        base_url: Some("https://api.deepinfra.com/v1/openai"),
        key_variables: &["DEEPINFRA_API_KEY"],
        base_variables: &["DEEPINFRA_API_BASE"],
        endpoints: Endpoints::ALL,
        quirks: &[Quirk::NoRequired],
        ..Compatible::ROW
    },
    // https://api-docs.deepseek.com/guides/thinking_mode
    Compatible {
        name: "deepseek",
        base_url: Some("https://api.deepseek.com/beta"),
        key_variables: &["DEEPSEEK_API_KEY"],
        base_variables: &["DEEPSEEK_API_BASE"],
        endpoints: Endpoints::CHAT_COMPLETIONS,
        quirks: &[Quirk::ReasoningContent, Quirk::NoJsonSchema],
        ..Compatible::ROW
    },
    Compatible {
        name: "docker_model_runner",
        base_url: Some("http://localhost:22088/engines/llama.cpp"),
        prefix: "/v1",
        key_variables: &["DOCKER_MODEL_RUNNER_API_KEY"],
        base_variables: &["DOCKER_MODEL_RUNNER_API_BASE"],
        keyless: true,
        endpoints: Endpoints::ALL,
        ..Compatible::ROW
    },
    Compatible {
        name: "doubleword",
        base_url: Some("https://api.doubleword.ai/v1"),
        key_variables: &["DOUBLEWORD_API_KEY"],
        base_variables: &["DOUBLEWORD_API_BASE"],
        endpoints: Endpoints::CHAT_EMBEDDINGS,
        ..Compatible::ROW
    },
    Compatible {
        name: "edenai",
        base_url: Some("https://api.edenai.run/v3"),
        key_variables: &["EDENAI_API_KEY"],
        base_variables: &["EDENAI_API_BASE"],
        renames: &[],
        quirks: &[Quirk::Developer],
        ..Compatible::ROW
    },
    Compatible {
        name: "empiriolabs",
        base_url: Some("https://api.empiriolabs.ai/v1"),
        key_variables: &["EMPIRIOLABS_API_KEY"],
        base_variables: &["EMPIRIOLABS_API_BASE"],
        ..Compatible::ROW
    },
    Compatible {
        name: "empower",
        base_url: Some("https://app.empower.dev/api/v1"),
        key_variables: &["EMPOWER_API_KEY"],
        base_variables: &["EMPOWER_API_BASE"],
        ..Compatible::ROW
    },
    Compatible {
        name: "featherless_ai",
        base_url: Some("https://api.featherless.ai/v1"),
        key_variables: &["FEATHERLESS_AI_API_KEY", "FEATHERLESS_API_KEY"],
        base_variables: &["FEATHERLESS_AI_API_BASE", "FEATHERLESS_API_BASE"],
        endpoints: Endpoints::CHAT_COMPLETIONS,
        ..Compatible::ROW
    },
    // https://docs.fireworks.ai/guides/function-calling
    Compatible {
        name: "fireworks_ai",
        base_url: Some("https://api.fireworks.ai/inference/v1"),
        key_variables: &[
            "FIREWORKS_API_KEY",
            "FIREWORKS_AI_API_KEY",
            "FIREWORKSAI_API_KEY",
            "FIREWORKS_AI_TOKEN",
        ],
        base_variables: &["FIREWORKS_API_BASE"],
        endpoints: Endpoints::ALL,
        quirks: &[
            Quirk::RequiredIsAny,
            Quirk::ModelPrefix("accounts/fireworks/models/"),
        ],
        ..Compatible::ROW
    },
    Compatible {
        name: "friendliai",
        base_url: Some("https://api.friendli.ai/serverless/v1"),
        key_variables: &["FRIENDLIAI_API_KEY", "FRIENDLI_TOKEN"],
        base_variables: &["FRIENDLI_API_BASE"],
        endpoints: Endpoints::CHAT_COMPLETIONS,
        ..Compatible::ROW
    },
    Compatible {
        name: "galadriel",
        base_url: Some("https://api.galadriel.com/v1"),
        key_variables: &["GALADRIEL_API_KEY"],
        base_variables: &["GALADRIEL_API_BASE"],
        ..Compatible::ROW
    },
    // https://docs.github.com/en/rest/models/inference
    Compatible {
        name: "github",
        base_url: Some("https://models.github.ai/inference"),
        key_variables: &["GITHUB_API_KEY", "GITHUB_TOKEN"],
        base_variables: &["GITHUB_API_BASE"],
        endpoints: Endpoints::CHAT_EMBEDDINGS,
        renames: &[],
        quirks: &[Quirk::Developer],
        ..Compatible::ROW
    },
    Compatible {
        name: "gmi",
        base_url: Some("https://api.gmi-serving.com/v1"),
        key_variables: &["GMI_API_KEY"],
        ..Compatible::ROW
    },
    Compatible {
        name: "gradient_ai",
        base_url: Some("https://inference.do-ai.run"),
        prefix: "/v1",
        key_variables: &["GRADIENT_AI_API_KEY"],
        base_variables: &["GRADIENT_AI_AGENT_ENDPOINT"],
        ..Compatible::ROW
    },
    // https://console.groq.com/docs/openai
    Compatible {
        name: "groq",
        base_url: Some("https://api.groq.com/openai/v1"),
        key_variables: &["GROQ_API_KEY"],
        base_variables: &["GROQ_API_BASE"],
        renames: &[],
        refused: &["logit_bias", "logprobs", "top_k", "top_logprobs"],
        strips: &[
            "annotations",
            "audio",
            "name",
            "reasoning_content",
            "refusal",
        ],
        quirks: &[Quirk::OneReply],
        ..Compatible::ROW
    },
    Compatible {
        name: "helicone",
        base_url: Some("https://ai-gateway.helicone.ai"),
        key_variables: &["HELICONE_API_KEY"],
        renames: &[],
        quirks: &[Quirk::Developer],
        ..Compatible::ROW
    },
    Compatible {
        name: "heroku",
        prefix: "/v1",
        key_variables: &["HEROKU_API_KEY"],
        base_variables: &["HEROKU_API_BASE"],
        endpoints: Endpoints::CHAT_EMBEDDINGS,
        ..Compatible::ROW
    },
    Compatible {
        name: "hosted_vllm",
        aliases: &["vllm"],
        key_variables: &["HOSTED_VLLM_API_KEY"],
        base_variables: &["HOSTED_VLLM_API_BASE", "VLLM_API_BASE"],
        keyless: true,
        endpoints: Endpoints::ALL,
        ..Compatible::ROW
    },
    Compatible {
        name: "huggingface",
        base_url: Some("https://router.huggingface.co/v1"),
        key_variables: &["HUGGINGFACE_API_KEY", "HF_TOKEN"],
        base_variables: &["HF_API_BASE", "HUGGINGFACE_API_BASE"],
        ..Compatible::ROW
    },
    Compatible {
        name: "hyperbolic",
        base_url: Some("https://api.hyperbolic.xyz/v1"),
        key_variables: &["HYPERBOLIC_API_KEY"],
        base_variables: &["HYPERBOLIC_API_BASE"],
        endpoints: Endpoints::CHAT_COMPLETIONS,
        ..Compatible::ROW
    },
    Compatible {
        name: "inception",
        aliases: &["text-completion-inception"],
        base_url: Some("https://api.inceptionlabs.ai/v1"),
        key_variables: &["INCEPTION_API_KEY"],
        base_variables: &["INCEPTION_API_BASE"],
        ..Compatible::ROW
    },
    Compatible {
        name: "jina_ai",
        base_url: Some("https://api.jina.ai/v1"),
        key_variables: &["JINA_AI_API_KEY"],
        base_variables: &["JINA_AI_API_BASE"],
        endpoints: Endpoints::EMBEDDINGS,
        refused: &["user"],
        ..Compatible::ROW
    },
    Compatible {
        name: "lambda_ai",
        base_url: Some("https://api.lambda.ai/v1"),
        key_variables: &["LAMBDA_API_KEY"],
        base_variables: &["LAMBDA_API_BASE"],
        endpoints: Endpoints::CHAT_COMPLETIONS,
        ..Compatible::ROW
    },
    Compatible {
        name: "lemonade",
        base_url: Some("http://localhost:8000/api/v1"),
        key_variables: &["LEMONADE_API_KEY"],
        base_variables: &["LEMONADE_API_BASE"],
        keyless: true,
        endpoints: Endpoints::ALL,
        ..Compatible::ROW
    },
    Compatible {
        name: "libertai",
        base_url: Some("https://api.libertai.io/v1"),
        key_variables: &["LIBERTAI_API_KEY"],
        base_variables: &["LIBERTAI_API_BASE"],
        ..Compatible::ROW
    },
    Compatible {
        name: "litellm_proxy",
        key_variables: &["LITELLM_PROXY_API_KEY"],
        base_variables: &["LITELLM_PROXY_API_BASE"],
        endpoints: Endpoints::ALL,
        renames: &[],
        quirks: &[Quirk::Gateway, Quirk::Developer, Quirk::CacheControl],
        ..Compatible::ROW
    },
    Compatible {
        name: "llamacpp",
        aliases: &["llama.cpp", "llama_cpp"],
        base_url: Some("http://127.0.0.1:8080/v1"),
        key_variables: &["LLAMACPP_API_KEY"],
        base_variables: &["LLAMACPP_API_BASE"],
        keyless: true,
        endpoints: Endpoints::ALL,
        ..Compatible::ROW
    },
    Compatible {
        name: "llamafile",
        base_url: Some("http://127.0.0.1:8080/v1"),
        key_variables: &["LLAMAFILE_API_KEY"],
        base_variables: &["LLAMAFILE_API_BASE"],
        keyless: true,
        endpoints: Endpoints::ALL,
        ..Compatible::ROW
    },
    Compatible {
        name: "llamagate",
        base_url: Some("https://api.llamagate.dev/v1"),
        key_variables: &["LLAMAGATE_API_KEY"],
        endpoints: Endpoints::CHAT_EMBEDDINGS,
        ..Compatible::ROW
    },
    Compatible {
        name: "lm_studio",
        base_url: Some("http://localhost:1234/v1"),
        key_variables: &["LM_STUDIO_API_KEY"],
        base_variables: &["LM_STUDIO_API_BASE"],
        keyless: true,
        endpoints: Endpoints::ALL,
        ..Compatible::ROW
    },
    Compatible {
        name: "meta",
        base_url: Some("https://api.meta.ai/v1"),
        key_variables: &["META_API_KEY"],
        base_variables: &["META_API_BASE"],
        ..Compatible::ROW
    },
    Compatible {
        name: "meta_llama",
        base_url: Some("https://api.llama.com/compat/v1"),
        key_variables: &["LLAMA_API_KEY"],
        base_variables: &["LLAMA_API_BASE"],
        ..Compatible::ROW
    },
    Compatible {
        name: "minimax",
        base_url: Some("https://api.minimax.io/v1"),
        key_variables: &["MINIMAX_API_KEY"],
        base_variables: &["MINIMAX_API_BASE"],
        ..Compatible::ROW
    },
    // https://docs.mistral.ai/api: an unknown field is an error; streams tell their usage unasked
    Compatible {
        name: "mistral",
        base_url: Some("https://api.mistral.ai/v1"),
        key_variables: &["MISTRAL_API_KEY", "MISTRAL_AZURE_API_KEY"],
        base_variables: &["MISTRAL_API_BASE", "MISTRAL_AZURE_API_BASE"],
        endpoints: Endpoints::CHAT_EMBEDDINGS,
        renames: MISTRAL_RENAMES,
        refused: MISTRAL_REFUSED,
        strips: MISTRAL_STRIPS,
        quirks: &[Quirk::NoStreamOptions, Quirk::RequiredIsAny],
        ..Compatible::ROW
    },
    Compatible {
        name: "modelscope",
        base_url: Some("https://api-inference.modelscope.cn/v1"),
        key_variables: &["MODELSCOPE_API_KEY"],
        base_variables: &["MODELSCOPE_API_BASE"],
        endpoints: Endpoints::CHAT_EMBEDDINGS,
        ..Compatible::ROW
    },
    // https://platform.moonshot.ai/docs/guide/migrating-from-openai-to-kimi
    Compatible {
        name: "moonshot",
        base_url: Some("https://api.moonshot.ai/v1"),
        key_variables: &["MOONSHOT_API_KEY"],
        base_variables: &["MOONSHOT_API_BASE"],
        refused: &["function_call", "functions"],
        quirks: &[
            Quirk::ReasoningContent,
            Quirk::NoRequired,
            Quirk::TemperatureUpTo(1.0),
        ],
        ..Compatible::ROW
    },
    Compatible {
        name: "morph",
        base_url: Some("https://api.morphllm.com/v1"),
        key_variables: &["MORPH_API_KEY"],
        base_variables: &["MORPH_API_BASE"],
        endpoints: Endpoints::CHAT_EMBEDDINGS,
        ..Compatible::ROW
    },
    Compatible {
        name: "nadir",
        base_url: Some("https://api.getnadir.com/v1"),
        key_variables: &["NADIR_API_KEY"],
        base_variables: &["NADIR_API_BASE"],
        ..Compatible::ROW
    },
    Compatible {
        name: "nano-gpt",
        base_url: Some("https://nano-gpt.com/api/v1"),
        key_variables: &["NANOGPT_API_KEY"],
        endpoints: Endpoints::CHAT_EMBEDDINGS,
        ..Compatible::ROW
    },
    Compatible {
        name: "nebius",
        base_url: Some("https://api.studio.nebius.ai/v1"),
        key_variables: &["NEBIUS_API_KEY"],
        base_variables: &["NEBIUS_API_BASE"],
        endpoints: Endpoints::ALL,
        ..Compatible::ROW
    },
    Compatible {
        name: "neosantara",
        base_url: Some("https://api.neosantara.xyz/v1"),
        key_variables: &["NEOSANTARA_API_KEY"],
        base_variables: &["NEOSANTARA_API_BASE"],
        ..Compatible::ROW
    },
    Compatible {
        name: "novita",
        base_url: Some("https://api.novita.ai/v3/openai"),
        key_variables: &["NOVITA_API_KEY"],
        base_variables: &["NOVITA_API_BASE"],
        endpoints: Endpoints::ALL,
        ..Compatible::ROW
    },
    Compatible {
        name: "nscale",
        base_url: Some("https://inference.api.nscale.com/v1"),
        key_variables: &["NSCALE_API_KEY"],
        base_variables: &["NSCALE_API_BASE"],
        endpoints: Endpoints::CHAT_EMBEDDINGS,
        ..Compatible::ROW
    },
    Compatible {
        name: "nvidia_nim",
        base_url: Some("https://integrate.api.nvidia.com/v1"),
        key_variables: &["NVIDIA_NIM_API_KEY"],
        base_variables: &["NVIDIA_NIM_API_BASE"],
        endpoints: Endpoints::ALL,
        ..Compatible::ROW
    },
    Compatible {
        name: "openai_like",
        aliases: &["openai_compatible"],
        key_variables: &["OPENAI_LIKE_API_KEY"],
        base_variables: &["OPENAI_LIKE_API_BASE"],
        keyless: true,
        endpoints: Endpoints::ALL,
        ..Compatible::ROW
    },
    // https://openrouter.ai/docs/api-reference/overview
    Compatible {
        name: "openrouter",
        base_url: Some("https://openrouter.ai/api/v1"),
        key_variables: &["OPENROUTER_API_KEY", "OR_API_KEY"],
        base_variables: &["OPENROUTER_API_BASE"],
        endpoints: Endpoints::ALL,
        renames: &[],
        quirks: &[Quirk::Developer, Quirk::CacheControl],
        ..Compatible::ROW
    },
    Compatible {
        name: "ovhcloud",
        base_url: Some("https://oai.endpoints.kepler.ai.cloud.ovh.net/v1"),
        key_variables: &["OVHCLOUD_API_KEY"],
        endpoints: Endpoints::ALL,
        ..Compatible::ROW
    },
    Compatible {
        name: "parasail",
        base_url: Some("https://api.parasail.io/v1"),
        key_variables: &["PARASAIL_API_KEY"],
        base_variables: &["PARASAIL_API_BASE"],
        quirks: &[Quirk::StoreFalse],
        ..Compatible::ROW
    },
    // https://docs.perplexity.ai/api-reference/chat-completions-post
    Compatible {
        name: "perplexity",
        base_url: Some("https://api.perplexity.ai"),
        key_variables: &["PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"],
        base_variables: &["PERPLEXITY_API_BASE"],
        endpoints: Endpoints {
            embeddings: Some("/v1/embeddings"),
            ..Endpoints::CHAT
        },
        refused: &[
            "function_call",
            "functions",
            "logit_bias",
            "n",
            "parallel_tool_calls",
            "tool_choice",
            "tools",
        ],
        strips: &["annotations"],
        ..Compatible::ROW
    },
    Compatible {
        name: "pinstripes",
        base_url: Some("https://pinstripes.io/v1"),
        key_variables: &["PINSTRIPES_API_KEY"],
        base_variables: &["PINSTRIPES_API_BASE"],
        endpoints: Endpoints::CHAT_EMBEDDINGS,
        ..Compatible::ROW
    },
    Compatible {
        name: "poe",
        base_url: Some("https://api.poe.com/v1"),
        key_variables: &["POE_API_KEY"],
        ..Compatible::ROW
    },
    Compatible {
        name: "prism",
        base_url: Some("https://api.prisminference.com/v1"),
        key_variables: &["PRISM_API_KEY"],
        base_variables: &["PRISM_API_BASE"],
        ..Compatible::ROW
    },
    Compatible {
        name: "publicai",
        base_url: Some("https://api.publicai.co/v1"),
        key_variables: &["PUBLICAI_API_KEY"],
        base_variables: &["PUBLICAI_API_BASE"],
        quirks: &[Quirk::TextAsString],
        ..Compatible::ROW
    },
    Compatible {
        name: "reka",
        base_url: Some("https://api.reka.ai/v1"),
        key_variables: &["REKA_API_KEY"],
        base_variables: &["REKA_API_BASE"],
        ..Compatible::ROW
    },
    Compatible {
        name: "sail",
        base_url: Some("https://api.sailresearch.com/v1"),
        key_variables: &["SAIL_API_KEY"],
        base_variables: &["SAIL_API_BASE"],
        ..Compatible::ROW
    },
    // https://docs.sambanova.ai/docs/en/features/openai-compatibility
    Compatible {
        name: "sambanova",
        base_url: Some("https://api.sambanova.ai/v1"),
        key_variables: &["SAMBANOVA_API_KEY"],
        base_variables: &["SAMBANOVA_API_BASE"],
        endpoints: Endpoints::CHAT_EMBEDDINGS,
        refused: &[
            "frequency_penalty",
            "logit_bias",
            "logprobs",
            "n",
            "presence_penalty",
            "seed",
            "top_logprobs",
        ],
        ..Compatible::ROW
    },
    Compatible {
        name: "sarvam",
        base_url: Some("https://api.sarvam.ai/v1"),
        key_variables: &["SARVAM_API_KEY"],
        key_header: Some("api-subscription-key"),
        ..Compatible::ROW
    },
    Compatible {
        name: "scaleway",
        base_url: Some("https://api.scaleway.ai/v1"),
        key_variables: &["SCW_SECRET_KEY"],
        endpoints: Endpoints::CHAT_EMBEDDINGS,
        ..Compatible::ROW
    },
    Compatible {
        name: "scx-ai",
        base_url: Some("https://api.scx.ai/v1"),
        key_variables: &["SCX_API_KEY"],
        base_variables: &["SCX_API_BASE"],
        quirks: &[Quirk::TemperatureUpTo(1.99)],
        ..Compatible::ROW
    },
    Compatible {
        name: "snowflake",
        key_variables: &["SNOWFLAKE_JWT"],
        base_variables: &["SNOWFLAKE_API_BASE"],
        ..Compatible::ROW
    },
    Compatible {
        name: "synthetic",
        base_url: Some("https://api.synthetic.new/openai/v1"),
        key_variables: &["SYNTHETIC_API_KEY"],
        endpoints: Endpoints::CHAT_COMPLETIONS,
        ..Compatible::ROW
    },
    Compatible {
        name: "tencent",
        base_url: Some("https://tokenhub-intl.tencentcloudmaas.com/v1"),
        key_variables: &["TENCENT_API_KEY"],
        base_variables: &["TENCENT_API_BASE"],
        ..Compatible::ROW
    },
    Compatible {
        name: "tensormesh",
        base_url: Some("https://serverless.tensormesh.ai/v1"),
        key_variables: &["TENSORMESH_INFERENCE_API_KEY"],
        base_variables: &["TENSORMESH_SERVERLESS_BASE_URL"],
        ..Compatible::ROW
    },
    Compatible {
        name: "together_ai",
        aliases: &["together"],
        base_url: Some("https://api.together.ai/v1"),
        key_variables: &[
            "TOGETHER_API_KEY",
            "TOGETHER_AI_API_KEY",
            "TOGETHERAI_API_KEY",
            "TOGETHER_AI_TOKEN",
        ],
        base_variables: &["TOGETHER_AI_API_BASE"],
        endpoints: Endpoints::ALL,
        ..Compatible::ROW
    },
    Compatible {
        name: "v0",
        base_url: Some("https://api.v0.dev/v1"),
        key_variables: &["V0_API_KEY"],
        base_variables: &["V0_API_BASE"],
        ..Compatible::ROW
    },
    Compatible {
        name: "veniceai",
        aliases: &["venice"],
        base_url: Some("https://api.venice.ai/api/v1"),
        key_variables: &["VENICE_AI_API_KEY", "VENICE_API_KEY"],
        endpoints: Endpoints::CHAT_EMBEDDINGS,
        ..Compatible::ROW
    },
    Compatible {
        name: "vercel_ai_gateway",
        base_url: Some("https://ai-gateway.vercel.sh/v1"),
        key_variables: &["VERCEL_AI_GATEWAY_API_KEY", "VERCEL_OIDC_TOKEN"],
        base_variables: &["VERCEL_AI_GATEWAY_API_BASE"],
        endpoints: Endpoints::CHAT_EMBEDDINGS,
        renames: &[],
        quirks: &[Quirk::Developer, Quirk::CacheControl],
        ..Compatible::ROW
    },
    Compatible {
        name: "volcengine",
        base_url: Some("https://ark.cn-beijing.volces.com/api/v3"),
        key_variables: &["VOLCENGINE_API_KEY", "ARK_API_KEY"],
        base_variables: &["VOLCENGINE_API_BASE", "ARK_API_BASE"],
        ..Compatible::ROW
    },
    // https://docs.voyageai.com/reference/embeddings-api
    Compatible {
        name: "voyage",
        base_url: Some("https://api.voyageai.com/v1"),
        key_variables: &["VOYAGE_API_KEY"],
        base_variables: &["VOYAGE_API_BASE"],
        endpoints: Endpoints::EMBEDDINGS,
        renames: &[("dimensions", "output_dimension")],
        refused: &["user"],
        ..Compatible::ROW
    },
    Compatible {
        name: "wandb",
        base_url: Some("https://api.inference.wandb.ai/v1"),
        key_variables: &["WANDB_API_KEY"],
        base_variables: &["WANDB_API_BASE"],
        ..Compatible::ROW
    },
    Compatible {
        name: "xai",
        base_url: Some("https://api.x.ai/v1"),
        key_variables: &["XAI_API_KEY"],
        base_variables: &["XAI_API_BASE"],
        endpoints: Endpoints::CHAT_COMPLETIONS,
        renames: &[],
        ..Compatible::ROW
    },
    Compatible {
        name: "xiaomi_mimo",
        base_url: Some("https://api.xiaomimimo.com/v1"),
        key_variables: &["XIAOMI_MIMO_API_KEY"],
        ..Compatible::ROW
    },
    Compatible {
        name: "xinference",
        base_url: Some("http://127.0.0.1:9997/v1"),
        key_variables: &["XINFERENCE_API_KEY"],
        base_variables: &["XINFERENCE_API_BASE"],
        keyless: true,
        endpoints: Endpoints::ALL,
        ..Compatible::ROW
    },
    // https://docs.z.ai/api-reference/llm/chat-completion
    Compatible {
        name: "zai",
        base_url: Some("https://api.z.ai/api/paas/v4"),
        key_variables: &["ZAI_API_KEY"],
        base_variables: &["ZAI_API_BASE"],
        quirks: &[Quirk::ReasoningContent, Quirk::NoJsonSchema],
        ..Compatible::ROW
    },
];

const MISTRAL_RENAMES: &[(&str, &str)] = &[
    ("max_completion_tokens", "max_tokens"),
    ("seed", "random_seed"),
    ("dimensions", "output_dimension"),
];

const MISTRAL_REFUSED: &[&str] = &[
    "audio",
    "function_call",
    "functions",
    "logit_bias",
    "modalities",
    "prompt_cache_key",
    "safety_identifier",
    "service_tier",
    "store",
    "top_k",
    "user",
    "verbosity",
    "web_search_options",
];

/// Parts of OpenAI's replies that clients send back with the conversation; `name` stays on results
/// of tools.
const MISTRAL_STRIPS: &[&str] = &[
    "annotations",
    "audio",
    "function_call",
    "name",
    "reasoning",
    "reasoning_content",
    "reasoning_details",
    "refusal",
];
