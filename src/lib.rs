//! erpsync
