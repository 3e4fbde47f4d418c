//! The catalogue that comes with Reeve.

use model::catalog::Catalog;

#[test]
fn embedded_is_whole() {
    let catalog = Catalog::embedded();
    let keys: Vec<_> = catalog.products.keys().map(String::as_str).collect();
    assert_eq!(keys, ["wso2-apim", "wso2-ei", "wso2-is", "wso2-mi"]);
}
