//! The settings of one point of a grid: names and values as they were written, in the order of the grid.

use std::fmt;

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name; dots lead into tables, as in `network.loss`.
    pub name: String,
    /// Its value as it was written.
    pub value: String,
}

/// The settings of one point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(Vec<Setting>);

impl Settings {
    /// These settings, in this order.
    pub const fn new(settings: Vec<Setting>) -> Self {
        Self(settings)
    }

    /// The settings, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Setting> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Settings {
    type Item = &'a Setting;
    type IntoIter = std::slice::Iter<'a, Setting>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// `nodes=100 loss=5%`
impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, Setting { name, value }) in self.iter().enumerate() {
            write!(f, "{}{name}={value}", if place == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}
