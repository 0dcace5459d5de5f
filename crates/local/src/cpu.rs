//! Whether this processor has the instructions that llama.cpp was compiled for.

/// From build.rs.
const NEEDED: &str = env!("OPENCLAW_LOCAL_INSTRUCTIONS");

/// Why llama.cpp must not be called here.
pub(crate) fn refusal() -> Option<String> {
    missing(NEEDED, has).map(|missing| {
        format!(
            "openclaw-local was built for processors with {missing}, which this one lacks; build it again for this \
             one: docs/local-models.md, \"Old processors\""
        )
    })
}

fn missing(needed: &str, has: impl Fn(&str) -> bool) -> Option<String> {
    let missing: Vec<&str> = needed.split(',').filter(|name| !name.is_empty() && !has(name)).collect();
    (!missing.is_empty()).then(|| missing.join(", "))
}

#[cfg(target_arch = "x86_64")]
fn has(name: &str) -> bool {
    match name {
        "sse4.2" => is_x86_feature_detected!("sse4.2"),
        "avx" => is_x86_feature_detected!("avx"),
        "avx2" => is_x86_feature_detected!("avx2"),
        "fma" => is_x86_feature_detected!("fma"),
        "f16c" => is_x86_feature_detected!("f16c"),
        "bmi2" => is_x86_feature_detected!("bmi2"),
        // Better a refusal than a program that is killed.
        _ => false,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn has(_name: &str) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::missing;

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(missing("sse4.2,avx2,fma", |_| true), None);
        assert_eq!(missing("", |_| false), None);
        assert_eq!(missing("sse4.2,avx2,fma", |name| name == "sse4.2").as_deref(), Some("avx2, fma"));
    }
}
