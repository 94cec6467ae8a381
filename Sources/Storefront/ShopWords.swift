/// Invented names: no real person, brand or address. Mail addresses are in example.com (RFC 2606),
/// IP addresses in 192.0.2.0/24 (RFC 5737).
enum ShopWords {
  static let markets = ["de", "fr", "uk", "it", "es", "us"]
  static let currencies = [
    "de": "EUR", "fr": "EUR", "uk": "GBP", "it": "EUR", "es": "EUR", "us": "USD",
  ]
  static let categories = [
    "shoes", "jackets", "shirts", "trousers", "bags", "watches", "tents", "lamps", "mugs", "chairs",
  ]
  static let brands = [
    "Nordvik", "Halden", "Mirabel", "Kestrel & Co", "Ostara", "Lumen Works", "Tarn",
  ]
  static let adjectives = [
    "Aurora", "Quiet", "Harbour", "Copper", "Alpine", "Drift", "Ember", "Linden", "Slate", "Willow",
  ]
  static let nouns = [
    "Rain Jacket", "Trail Shoe", "Day Pack", "Desk Lamp", "Field Shirt", "Camp Chair", "Tote",
    "Chronograph", "Enamel Mug", "Ridge Tent", "Chino",
  ]
  static let colours = ["graphite", "moss", "sand", "rust", "ink", "cloud", "plum"]
  static let sizes = ["XS", "S", "M", "L", "XL", "42", "43", "44"]
  static let first = [
    "Mara", "Jonas", "Élodie", "Tomas", "Ines", "Søren", "Giulia", "Bram", "Noor", "Anneke",
    "Kaito",
    "Livia",
  ]
  static let last = [
    "Lindqvist", "Okafor", "Marchetti", "Vogel", "Duarte", "Renaud", "Holm", "Takeda", "Brandt",
    "Novák",
  ]
  static let streets = ["Lindenweg", "Harbour Row", "Rue du Moulin", "Via Verde", "Elm Terrace"]
  static let cities = ["Elmsdorf", "Port Halden", "Sainte-Mire", "Borgo Alto", "Westmere"]
  static let sentences = [
    "Cut from a recycled three-layer weave that keeps the weather out and lets the warmth move.",
    "The seams are taped, the zips are reversed, and every part can be repaired.",
    "Packs into its own pocket and weighs less than a paperback.",
    "Made in small runs by a family workshop that has done little else since 1961.",
    "Wash cold, dry in the shade, and it will last for years.",
    "A soft lining where it touches you, a hard face where it touches the world.",
    "Ships in paper, without plastic, usually on the next working day.",
  ]
  static let agents = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36",
  ]
}
