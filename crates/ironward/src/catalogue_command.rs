//! `ironward catalogue`: what models cost, as this build knows it.

use std::path::Path;

use ironward_catalogue::{
    Catalogue, Change, Entry, Found, Item, Meter, Rate, Service, differences,
};
use ironward_core::Money;
use serde_json::{Value, json};

use crate::args::{CatalogueCommand, PriceDiffArgs, PriceListArgs, PriceShowArgs};
use crate::banner;
use crate::exit::Failure;
use crate::table::{one_line, rows_below, table};

/// Runs one of the commands.
pub(crate) fn run(command: &CatalogueCommand) -> Result<(), Failure> {
    let catalogue = Catalogue::built_in();
    match command {
        CatalogueCommand::Show(args) => show(&catalogue, args),
        CatalogueCommand::List(args) => {
            list(&catalogue, args);
            Ok(())
        }
        CatalogueCommand::Diff(args) => diff(&catalogue, args),
    }
}

fn show(catalogue: &Catalogue<'_>, args: &PriceShowArgs) -> Result<(), Failure> {
    let provided = || {
        let (provider, model) = args.model.split_once('/')?;
        catalogue.find(provider, model)
    };
    let found = catalogue.named(&args.model).or_else(provided);
    let Some(found) = found else {
        return Err(Failure::Absent(format!(
            "{}: no model of the price catalogue {}: ironward catalogue list names them",
            one_line(&args.model),
            catalogue.version()
        )));
    };
    if args.json {
        let model = entry_as_json(found.name, &found.entry);
        let answer = json!({"version": catalogue.version().as_str(), "model": model});
        banner::print(&format!("{answer}\n"));
    } else {
        banner::print(&shown(catalogue, &found));
    }
    Ok(())
}

fn shown(catalogue: &Catalogue<'_>, found: &Found<'_>) -> String {
    let entry = &found.entry;
    let size = |size: Option<u64>| size.map(|size| size.to_string());
    let kinds = |kinds: ironward_catalogue::Modalities| {
        let names: Vec<_> = kinds.names().collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let properties = [
        ("model", Some(found.name.to_owned())),
        ("provider", Some(entry.provider.to_owned())),
        (
            "mode",
            Some(entry.mode.to_owned()).filter(|mode| !mode.is_empty()),
        ),
        ("context", size(entry.context)),
        ("max output", size(entry.max_output)),
        ("takes", kinds(entry.takes)),
        ("gives", kinds(entry.gives)),
        ("ends", entry.ends.map(str::to_owned)),
        ("off-peak", entry.prices.off_peak().map(ToString::to_string)),
        ("catalogue", Some(catalogue.version().to_string())),
    ];
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (name, value) in properties {
        rows.extend(value.map(|value| vec![name.to_owned(), value]));
    }
    let uplifts = entry.prices.uplifts().iter();
    rows.extend(uplifts.map(|(uplift, times)| vec![uplift.key().to_owned(), factor(*times)]));
    let mut text = rows_below(&[], &rows);
    text.push('\n');
    if entry.prices.is_empty() {
        text.push_str("no price is known\n");
        return text;
    }
    let rates = entry.prices.rates().iter().map(|rate| {
        let above = match rate.above {
            0 => String::new(),
            above => above.to_string(),
        };
        let service = rate.service.key().to_owned();
        [
            rate.meter.key().to_owned(),
            above,
            service,
            written(rate),
            rate.meter.unit().name().to_owned(),
        ]
    });
    text.push_str(&table(
        ["what", "above", "service", "dollars", "for"],
        &rates.collect::<Vec<_>>(),
    ));
    text
}

fn list(catalogue: &Catalogue<'_>, args: &PriceListArgs) {
    let wanted = |entry: &Entry<'_>| {
        let provider = args.provider.as_deref();
        let mode = args.mode.as_deref();
        provider.is_none_or(|provider| provider == entry.provider)
            && mode.is_none_or(|mode| mode == entry.mode)
    };
    let entries = catalogue.items().filter_map(|(name, item)| match item {
        Item::Entry(entry) if wanted(&entry) => Some((name, entry)),
        Item::Entry(_) | Item::Alias(_) => None,
    });
    if args.json {
        let entries: Vec<Value> = entries
            .map(|(name, entry)| entry_as_json(name, &entry))
            .collect();
        let shown = json!({"version": catalogue.version().as_str(), "models": entries});
        banner::print(&format!("{shown}\n"));
        return;
    }
    let rows: Vec<[String; 6]> = entries
        .map(|(name, entry)| {
            let price = |meter: Meter| {
                let rates = entry.prices.rates();
                let usual = rates.iter().find(|rate| {
                    rate.meter == meter && rate.above == 0 && rate.service == Service::Standard
                });
                usual.map(written).unwrap_or_default()
            };
            let context = entry.context.map(|size| size.to_string());
            [
                name.to_owned(),
                entry.provider.to_owned(),
                entry.mode.to_owned(),
                price(Meter::Input),
                price(Meter::Output),
                context.unwrap_or_default(),
            ]
        })
        .collect();
    let heads = ["model", "provider", "mode", "in", "out", "context"];
    banner::print(&table(heads, &rows));
}

fn diff(catalogue: &Catalogue<'_>, args: &PriceDiffArgs) -> Result<(), Failure> {
    let text = read(&args.file)?;
    let path = args.file.display();
    let other = Catalogue::read(&text)
        .map_err(|error| Failure::Run(format!("{path}: {}", one_line(&error.to_string()))))?;
    let changes = differences(catalogue, &other);
    if args.json {
        let changes: Vec<Value> = changes
            .iter()
            .map(|change| {
                json!({"model": change.name, "before": change.before, "after": change.after})
            })
            .collect();
        let shown = json!({"from": catalogue.version().as_str(),
                           "to": other.version().as_str(), "changes": changes});
        banner::print(&format!("{shown}\n"));
        return Ok(());
    }
    let mut text = format!(
        "{} -> {}\n",
        catalogue.version(),
        one_line(other.version().as_str())
    );
    changes
        .iter()
        .for_each(|change| describe(change, &mut text));
    text.push_str(&format!("{} differ\n", changes.len()));
    banner::print(&text);
    Ok(())
}

fn describe(change: &Change, text: &mut String) {
    text.push_str(&format!("{}\n", one_line(&change.name)));
    for (sign, parts) in [('-', &change.before), ('+', &change.after)] {
        if !parts.is_empty() {
            text.push_str(&format!("  {sign} {}\n", one_line(&parts.join(" "))));
        }
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::Run(format!("{}: {error}", path.display())))
}

fn written(rate: &Rate) -> String {
    rate.price.to_decimal(rate.meter.unit().exponent())
}

/// Billionths as a decimal number; money counts them too.
fn factor(billionths: u64) -> String {
    Money::from_nanos(billionths).to_string()
}

fn entry_as_json(name: &str, entry: &Entry<'_>) -> Value {
    let rates = entry.prices.rates().iter().map(|rate| {
        json!({"what": rate.meter.key(), "above": rate.above, "service": rate.service.key(),
               "dollars": written(rate), "for": rate.meter.unit().name()})
    });
    let uplifts = entry.prices.uplifts().iter();
    let uplifts =
        uplifts.map(|(uplift, times)| json!({"what": uplift.key(), "factor": factor(*times)}));
    json!({
        "name": name,
        "provider": entry.provider,
        "mode": entry.mode,
        "context": entry.context,
        "max_output": entry.max_output,
        "takes": entry.takes.names().collect::<Vec<_>>(),
        "gives": entry.gives.names().collect::<Vec<_>>(),
        "ends": entry.ends,
        "prices": rates.collect::<Vec<_>>(),
        "uplifts": uplifts.collect::<Vec<_>>(),
        "off_peak": entry.prices.off_peak().map(ToString::to_string),
    })
}
