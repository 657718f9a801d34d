//! JSON forms for the program that is compared with botocore; not part of the server.

/// A timestamp as ISO 8601 text.
pub mod timestamp {
    use aws_smithy_types::DateTime;
    use aws_smithy_types::date_time::Format;
    use serde::{Deserialize as _, Deserializer, Serializer, de, ser};

    /// Writes it.
    ///
    /// # Errors
    /// When the timestamp lies outside of years 0 to 9999.
    pub fn serialize<S: Serializer>(
        value: &Option<DateTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => {
                serializer.serialize_str(&value.fmt(Format::DateTime).map_err(ser::Error::custom)?)
            }
            None => serializer.serialize_none(),
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// When the text is no timestamp.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<DateTime>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| DateTime::from_str(&text, Format::DateTimeWithOffset))
            .transpose()
            .map_err(de::Error::custom)
    }
}
