"""The closed lists of data.police.uk: forces, crime categories, outcomes. Source: its own documentation."""

from collections.abc import Mapping

FORCES: Mapping[str, str] = {
    "avon-and-somerset": "Avon and Somerset Constabulary",
    "bedfordshire": "Bedfordshire Police",
    "cambridgeshire": "Cambridgeshire Constabulary",
    "cheshire": "Cheshire Constabulary",
    "city-of-london": "City of London Police",
    "cleveland": "Cleveland Police",
    "cumbria": "Cumbria Constabulary",
    "derbyshire": "Derbyshire Constabulary",
    "devon-and-cornwall": "Devon & Cornwall Police",
    "dorset": "Dorset Police",
    "durham": "Durham Constabulary",
    "dyfed-powys": "Dyfed-Powys Police",
    "essex": "Essex Police",
    "gloucestershire": "Gloucestershire Constabulary",
    "greater-manchester": "Greater Manchester Police",
    "gwent": "Gwent Police",
    "hampshire": "Hampshire Constabulary",
    "hertfordshire": "Hertfordshire Constabulary",
    "humberside": "Humberside Police",
    "kent": "Kent Police",
    "lancashire": "Lancashire Constabulary",
    "leicestershire": "Leicestershire Police",
    "lincolnshire": "Lincolnshire Police",
    "merseyside": "Merseyside Police",
    "metropolitan": "Metropolitan Police Service",
    "norfolk": "Norfolk Constabulary",
    "north-wales": "North Wales Police",
    "north-yorkshire": "North Yorkshire Police",
    "northamptonshire": "Northamptonshire Police",
    "northern-ireland": "Police Service of Northern Ireland",
    "northumbria": "Northumbria Police",
    "nottinghamshire": "Nottinghamshire Police",
    "south-wales": "South Wales Police",
    "south-yorkshire": "South Yorkshire Police",
    "staffordshire": "Staffordshire Police",
    "suffolk": "Suffolk Constabulary",
    "surrey": "Surrey Police",
    "sussex": "Sussex Police",
    "thames-valley": "Thames Valley Police",
    "warwickshire": "Warwickshire Police",
    "west-mercia": "West Mercia Police",
    "west-midlands": "West Midlands Police",
    "west-yorkshire": "West Yorkshire Police",
    "wiltshire": "Wiltshire Police",
}
"""What `/forces` lists. The British Transport Police never is, but is accepted where a force is asked for."""

BTP = "btp"
NORTHERN_IRELAND = "northern-ireland"
ACCEPTED_FORCES = (*FORCES, BTP)

CATEGORIES: Mapping[str, str] = {
    "all-crime": "All crime",
    "anti-social-behaviour": "Anti-social behaviour",
    "bicycle-theft": "Bicycle theft",
    "burglary": "Burglary",
    "criminal-damage-arson": "Criminal damage and arson",
    "drugs": "Drugs",
    "other-theft": "Other theft",
    "possession-of-weapons": "Possession of weapons",
    "public-order": "Public order",
    "robbery": "Robbery",
    "shoplifting": "Shoplifting",
    "theft-from-the-person": "Theft from the person",
    "vehicle-crime": "Vehicle crime",
    "violent-crime": "Violence and sexual offences",
    "other-crime": "Other crime",
}
"""What `/crime-categories` lists, for whatever date."""

CATEGORY_SLUGS: Mapping[str, str] = {
    **{name: slug for slug, name in CATEGORIES.items()},
    "Violent crime": "violent-crime",  # until 2013-04
    "Public disorder and weapons": "public-disorder-weapons",  # 2011-09 to 2013-04
}
"""What a `Crime type` of the CSV files is called in the API."""

OUTCOMES: Mapping[str, tuple[str, str]] = {
    "Suspect charged": ("charged", "Suspect charged"),
    "Suspect charged as part of another case": (
        "sentenced-in-another-case",
        "Suspect charged as part of another case",
    ),
    "Offender given a caution": ("cautioned", "Offender given a caution"),
    "Offender given penalty notice": ("penalty-notice-issued", "Offender given a penalty notice"),
    "Offender given a drugs possession warning": (
        "drugs-possession-warning",
        "Offender given a drugs possession warning",
    ),
    "Local resolution": ("local-resolution", "Local resolution"),
    "Awaiting court outcome": ("awaiting-court-result", "Awaiting court outcome"),
    "Court result unavailable": ("court-result-unavailable", "Court result unavailable"),
    "Defendant sent to Crown Court": ("sent-to-crown-court", "Defendant sent to Crown Court"),
    "Court case unable to proceed": ("unable-to-proceed", "Court case unable to proceed"),
    "Defendant found not guilty": ("not-guilty", "Defendant found not guilty"),
    "Offender sent to prison": ("imprisoned", "Offender sent to prison"),
    "Offender given suspended prison sentence": (
        "suspended-sentence",
        "Offender given suspended prison sentence",
    ),
    "Offender given community sentence": ("community-penalty", "Offender given community sentence"),
    "Offender fined": ("fined", "Offender fined"),
    "Offender given conditional discharge": (
        "conditional-discharge",
        "Offender given conditional discharge",
    ),
    "Offender given absolute discharge": ("absolute-discharge", "Offender given absolute discharge"),
    "Offender ordered to pay compensation": ("compensation", "Offender ordered to pay compensation"),
    "Offender deprived of property": ("deprived-of-property", "Offender deprived of property"),
    "Offender otherwise dealt with": ("other-court-disposal", "Offender otherwise dealt with"),
    "Investigation complete; no suspect identified": (
        "no-further-action",
        "Investigation complete; no suspect identified",
    ),
    "Unable to prosecute suspect": ("unable-to-prosecute", "Unable to prosecute suspect"),
    "Formal action is not in the public interest": (
        "formal-action-not-in-public-interest",
        "Formal action is not in the public interest",
    ),
    "Further action is not in the public interest": (
        "further-action-not-in-public-interest",
        "Further action is not in the public interest",
    ),
    "Further investigation is not in the public interest": (
        "further-investigation-not-in-public-interest",
        "Further investigation is not in the public interest",
    ),
    "Action to be taken by another organisation": (
        "action-taken-by-another-organisation",
        "Action to be taken by another organisation",
    ),
    "Under investigation": ("under-investigation", "Under investigation"),
    "Status update unavailable": ("status-update-unavailable", "Status update unavailable"),
    "Offender sentenced as part of another case": (
        "sentenced-in-another-case",
        "Suspect charged as part of another case",
    ),
    "Offender imprisoned": ("imprisoned", "Offender sent to prison"),
    "Offender given community penalty": ("community-penalty", "Offender given community sentence"),
}
"""What an outcome of the CSV files (the last three: old ones) is in the outcome routes: code and name."""

STOP_OUTCOME_IDS: Mapping[str, str] = {
    "": "",
    "A no further action disposal": "bu-no-further-action",
    "Arrest": "bu-arrest",
    "Caution (simple or conditional)": "bu-caution",
    "Community resolution": "bu-community-resolution",
    "Khat or Cannabis warning": "bu-khat-or-cannabis-warning",  # assumed: nobody has published the real one
    "Penalty Notice for Disorder": "bu-penalty-notice",
    "Summons / charged by post": "bu-summons",
}
"""The `outcome_object.id` of a stop's outcome."""
