use crate::{Media, Source};

/// A base64 `data:` URL; `None` for any other address, `Some(None)` for one in another encoding.
pub(super) fn read_data_url(url: &str) -> Option<Option<Media>> {
    let (scheme, rest) = url.split_once(':')?;
    if !scheme.eq_ignore_ascii_case("data") {
        return None;
    }
    Some(rest.split_once(',').and_then(|(head, data)| {
        let head = head.strip_suffix(";base64")?;
        let media_type = head.split(';').next().unwrap_or_default();
        Some(Media {
            media_type: known_type(media_type).to_owned(),
            data: data.to_owned(),
        })
    }))
}

/// What stands behind an address; `None` when its bytes are in it in an encoding that is not read.
pub(super) fn source(url: String, media_type: Option<String>) -> Option<Source> {
    match read_data_url(&url) {
        None => Some(Source::Url { url, media_type }),
        Some(media) => media.map(Source::Inline),
    }
}

/// `data:image/png;base64,...`
pub(super) fn data_url(media: &Media) -> String {
    format!("data:{};base64,{}", media.media_type, media.data)
}

/// The media type of an `input_audio` format.
pub(super) fn audio_type(format: &str) -> String {
    match format {
        "mp3" => "audio/mpeg".to_owned(),
        _ => format!("audio/{format}"),
    }
}

/// The `input_audio` format of a media type.
pub(super) fn audio_format(media_type: &str) -> &str {
    match media_type {
        "audio/mpeg" | "audio/mp3" => "mp3",
        "audio/x-wav" | "audio/wave" => "wav",
        _ => media_type.strip_prefix("audio/").unwrap_or(media_type),
    }
}

/// The media type of a file, by its name.
pub(super) fn type_by_name(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension.to_ascii_lowercase().as_str() {
        "txt" => "text/plain",
        "md" => "text/markdown",
        "csv" => "text/csv",
        "html" => "text/html",
        "json" => "application/json",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        // The only kind of file that OpenAI took at first, and still the usual one.
        _ => "application/pdf",
    }
}

/// The registered name of a type that is often written another way.
fn known_type(media_type: &str) -> &str {
    match media_type {
        "image/jpg" => "image/jpeg",
        "" => "text/plain",
        _ => media_type,
    }
}
