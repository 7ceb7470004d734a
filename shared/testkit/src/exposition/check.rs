//! What must hold for a whole family.

use std::collections::{BTreeMap, BTreeSet};

use super::{Family, Kind, Labels, Sample, line};

pub(super) fn family(family: &Family) -> Result<(), String> {
    if family.help.trim().is_empty() {
        return Err("an empty HELP".to_owned());
    }
    let mut seen = BTreeSet::new();
    for sample in &family.samples {
        if !seen.insert((&sample.name, &sample.labels)) {
            return Err(format!(
                "the series {} {:?} twice",
                sample.name, sample.labels
            ));
        }
    }
    match family.kind {
        Kind::Counter => counter(family),
        Kind::Histogram => histogram(family),
        Kind::Gauge | Kind::Summary | Kind::Untyped => Ok(()),
    }
}

fn counter(family: &Family) -> Result<(), String> {
    if !family.name.ends_with("_total") {
        return Err("a counter's name must end with _total".to_owned());
    }
    if family
        .samples
        .iter()
        .any(|sample| sample.value.is_nan() || sample.value < 0.0)
    {
        return Err("a counter that is negative or not a number".to_owned());
    }
    Ok(())
}

/// One histogram of a family: the series that differ in nothing but `le`.
#[derive(Debug, Default)]
struct Histogram {
    /// Upper bound and cumulative count, in the order of the lines.
    buckets: Vec<(f64, f64)>,
    sum: Option<f64>,
    count: Option<f64>,
}

fn histogram(family: &Family) -> Result<(), String> {
    let mut histograms: BTreeMap<Labels, Histogram> = BTreeMap::new();
    for sample in &family.samples {
        let mut labels = sample.labels.clone();
        let bound = labels.remove("le");
        let histogram = histograms.entry(labels).or_default();
        collect(histogram, family, sample, bound)?;
    }
    for (labels, histogram) in &histograms {
        complete(histogram).map_err(|error| format!("{error}, in {labels:?}"))?;
    }
    Ok(())
}

fn collect(
    histogram: &mut Histogram,
    family: &Family,
    sample: &Sample,
    bound: Option<String>,
) -> Result<(), String> {
    let suffix = sample.name.strip_prefix(&family.name).unwrap_or_default();
    match (suffix, bound) {
        ("_bucket", Some(bound)) => histogram.buckets.push((line::bound(&bound)?, sample.value)),
        ("_bucket", None) => return Err("a bucket without le".to_owned()),
        (_, Some(_)) => return Err("a label le outside of a bucket".to_owned()),
        ("_sum", None) => histogram.sum = Some(sample.value),
        _ => histogram.count = Some(sample.value),
    }
    Ok(())
}

fn complete(histogram: &Histogram) -> Result<(), String> {
    let ascending = histogram
        .buckets
        .windows(2)
        .all(|pair| pair[0].0 < pair[1].0);
    if !ascending {
        return Err("buckets out of order".to_owned());
    }
    let cumulative = histogram
        .buckets
        .windows(2)
        .all(|pair| pair[0].1 <= pair[1].1);
    if !cumulative
        || histogram
            .buckets
            .iter()
            .any(|(_, count)| count.is_nan() || *count < 0.0)
    {
        return Err("buckets that are not cumulative".to_owned());
    }
    let Some(&(bound, total)) = histogram.buckets.last() else {
        return Err("no bucket".to_owned());
    };
    if bound.is_finite() {
        return Err("no bucket +Inf".to_owned());
    }
    if histogram.sum.is_none() {
        return Err("no _sum".to_owned());
    }
    match histogram.count {
        None => Err("no _count".to_owned()),
        // Both are whole numbers written by one program: they are equal or wrong.
        Some(count) if count.to_bits() != total.to_bits() => {
            Err(format!("_count is {count} and the bucket +Inf {total}"))
        }
        Some(_) => Ok(()),
    }
}
