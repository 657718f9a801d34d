//! The model's names as Rust spells them.

/// `PreferredCacheClusterAZs` as `preferred_cache_cluster_azs`, `EC2SecurityGroupName` as
/// `ec2_security_group_name`, `single-az` as `single_az`.
pub(crate) fn snake(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 8);
    for (index, &character) in characters.iter().enumerate() {
        if !character.is_ascii_alphanumeric() {
            out.push('_');
            continue;
        }
        let before = index.checked_sub(1).map(|index| characters[index]);
        if character.is_ascii_uppercase()
            && before.is_some_and(|before| starts_word(before, &characters[index + 1..]))
        {
            out.push('_');
        }
        out.push(character.to_ascii_lowercase());
    }
    out
}

/// Whether a capital between `before` and `after` begins a word rather than goes on with an acronym.
fn starts_word(before: char, after: &[char]) -> bool {
    if before.is_ascii_lowercase() || before.is_ascii_digit() {
        return true;
    }
    // The last capital of a run belongs to the word that follows (`AZMode`), unless what follows is only the plural
    // of the acronym (`AZs`).
    match after {
        ['s'] => false,
        ['s', next, ..] if next.is_ascii_uppercase() => false,
        [next, ..] => before.is_ascii_uppercase() && next.is_ascii_lowercase(),
        [] => false,
    }
}

/// A member's field: its name in snake case, kept apart from Rust's own words.
pub(crate) fn field(member: &str) -> String {
    let name = snake(member);
    if matches!(
        name.as_str(),
        "type" | "match" | "ref" | "move" | "use" | "mod" | "in" | "as" | "where" | "enum"
    ) {
        return format!("r#{name}");
    }
    name
}

/// What serde's `PascalCase` makes of a field, to know which fields need their name said.
pub(crate) fn pascal_of_field(field: &str) -> String {
    let mut out = String::new();
    let mut capital = true;
    for character in field.trim_start_matches("r#").chars() {
        if character == '_' {
            capital = true;
        } else if capital {
            out.push(character.to_ascii_uppercase());
            capital = false;
        } else {
            out.push(character);
        }
    }
    out
}

/// An enumeration's value as a constant: `cross-az` as `CROSS_AZ`.
pub(crate) fn constant(value: &str) -> String {
    snake(&value.to_ascii_lowercase()).to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snake_case_keeps_acronyms_whole() {
        for (name, expected) in [
            ("CacheClusterId", "cache_cluster_id"),
            ("PreferredCacheClusterAZs", "preferred_cache_cluster_azs"),
            ("AZMode", "az_mode"),
            ("ARN", "arn"),
            ("ReservationARN", "reservation_arn"),
            ("EC2SecurityGroupOwnerId", "ec2_security_group_owner_id"),
            ("MultiAZEnabled", "multi_az_enabled"),
            ("MultiAZ", "multi_az"),
            ("ECPUPerSecond", "ecpu_per_second"),
            ("EngineVersion", "engine_version"),
        ] {
            assert_eq!(snake(name), expected);
        }
        assert_eq!(field("Type"), "r#type");
        assert_eq!(constant("single-az"), "SINGLE_AZ");
        assert_eq!(constant("SETTING"), "SETTING");
        assert_eq!(constant("n/a"), "N_A");
        assert_eq!(pascal_of_field("r#type"), "Type");
    }
}
