"""The nouns and plurals of the classes of remote-sensing data sets, worked out by hand.

A line is `class name = noun = plural`; where two fields are missing the class name in lower case is the noun and `s` is added; one
missing field is the plural, which is then the noun and `s`. A plural of `-` says that the noun has none.
"""

import pytest

from rsvlm.captioning.grammar import be, counted, indefinite, is_countable, is_plural, noun_of, plural

DATASETS = {
    "DOTA 2.0": (
        18,
        """plane; ship; storage-tank = storage tank; baseball-diamond = baseball diamond; tennis-court = tennis court;
        basketball-court = basketball court; ground-track-field = ground track field; harbor; bridge; large-vehicle = large vehicle;
        small-vehicle = small vehicle; helicopter; roundabout; soccer-ball-field = soccer ball field; swimming-pool = swimming pool;
        container-crane = container crane; airport; helipad""",
    ),
    "DIOR": (
        20,
        """airplane; airport; baseballfield = baseball field; basketballcourt = basketball court; bridge; chimney; dam;
        Expressway-Service-area = expressway service area; Expressway-toll-station = expressway toll station; golffield = golf course;
        groundtrackfield = ground track field; harbor; overpass = overpass = overpasses; ship; stadium; storagetank = storage tank;
        tenniscourt = tennis court; trainstation = train station; vehicle; windmill""",
    ),
    "FAIR1M": (
        37,
        """Boeing737 = Boeing 737; Boeing747 = Boeing 747; Boeing777 = Boeing 777; Boeing787 = Boeing 787; C919 = C919; A220 = A220;
        A321 = A321; A330 = A330; A350 = A350; ARJ21 = ARJ21; other-airplane = airplane of another type = airplanes of another type;
        Passenger Ship; Motorboat; Fishing Boat; Tugboat; Engineering Ship; Liquid Cargo Ship; Dry Cargo Ship; Warship;
        other-ship = ship of another type = ships of another type; Small Car; Bus = bus = buses; Cargo Truck; Dump Truck; Van; Trailer;
        Tractor; Excavator; Truck Tractor; other-vehicle = vehicle of another type = vehicles of another type; Basketball Court;
        Tennis Court; Football Field; Baseball Field; Intersection; Roundabout; Bridge""",
    ),
    "xView": (
        60,
        """Fixed-wing Aircraft = fixed-wing aircraft = fixed-wing aircraft; Small Aircraft = small aircraft = small aircraft; Cargo Plane;
        Helicopter; Passenger Vehicle; Small Car; Bus = bus = buses; Pickup Truck; Utility Truck; Truck; Cargo Truck;
        Truck w/Box = truck with box = trucks with box; Truck Tractor; Trailer; Truck w/Flatbed = truck with flatbed = trucks with flatbed;
        Truck w/Liquid = truck with liquid = trucks with liquid; Crane Truck; Railway Vehicle; Passenger Car; Cargo Car; Flat Car; Tank car;
        Locomotive; Maritime Vessel; Motorboat; Sailboat; Tugboat; Barge; Fishing Vessel; Ferry = ferry = ferries; Yacht; Container Ship;
        Oil Tanker; Engineering Vehicle; Tower crane; Container Crane; Reach Stacker; Straddle Carrier; Mobile Crane; Dump Truck;
        Haul Truck; Scraper/Tractor = scraper or tractor = scrapers or tractors;
        Front loader/Bulldozer = front loader or bulldozer = front loaders or bulldozers; Excavator; Cement Mixer; Ground Grader;
        Hut/Tent = hut or tent = huts or tents; Shed; Building; Aircraft Hangar; Damaged Building; Facility = facility = facilities;
        Construction Site; Vehicle Lot; Helipad; Storage Tank; Shipping container lot; Shipping Container; Pylon; Tower""",
    ),
    "VisDrone": (
        12,
        """ignored regions = ignored region; pedestrian; people = person = people; bicycle; car; van; truck; tricycle;
        awning-tricycle = awning tricycle; bus = bus = buses; motor = motorcycle;
        others = object of another kind = objects of another kind""",
    ),
    "HRRSD": (
        13,
        """ship; bridge; ground track field; storage tank; basketball court; tennis court; airplane; baseball diamond; harbor; vehicle;
        crossroad; T junction = T-junction; parking lot""",
    ),
    "NWPU VHR-10": (
        10,
        """airplane; ship; storage tank; baseball diamond; tennis court; basketball court; ground track field; harbor; bridge; vehicle""",
    ),
    "LEVIR": (5, """plane; ship; oilpot = oil tank; building; road"""),
    "iSAID": (
        15,
        """ship; storage_tank = storage tank; baseball_diamond = baseball diamond; tennis_court = tennis court;
        basketball_court = basketball court; Ground_Track_Field = ground track field; Bridge; Large_Vehicle = large vehicle;
        Small_Vehicle = small vehicle; Helicopter; Swimming_pool = swimming pool; Roundabout; Soccer_ball_field = soccer ball field; plane;
        Harbor""",
    ),
    "LoveDA": (
        7,
        """background = background = -; building; road; water = water = -; barren = barren land = -; forest;
        agriculture = agriculture = -""",
    ),
    "Potsdam and Vaihingen": (
        6,
        """Impervious surfaces = impervious surfaces = impervious surfaces; Building; Low vegetation = low vegetation = -; Tree; Car;
        Clutter/background = clutter or background = -""",
    ),
    "fMoW": (
        62,
        """airport; airport_hangar = airport hangar; airport_terminal = airport terminal; amusement_park = amusement park;
        aquaculture = aquaculture = -; archaeological_site = archaeological site; barn; border_checkpoint = border checkpoint;
        burial_site = burial site; car_dealership = car dealership; construction_site = construction site; crop_field = crop field; dam;
        debris_or_rubble = debris or rubble = -; educational_institution = educational institution;
        electric_substation = electric substation; factory_or_powerplant = factory or powerplant = factories or powerplants;
        fire_station = fire station; flooded_road = flooded road; fountain; gas_station = gas station; golf_course = golf course;
        ground_transportation_station = ground transportation station; helipad; hospital;
        impoverished_settlement = impoverished settlement; interchange; lake_or_pond = lake or pond = lakes or ponds; lighthouse;
        military_facility = military facility = military facilities; multi-unit_residential = multi-unit residential building;
        nuclear_powerplant = nuclear powerplant; office_building = office building;
        oil_or_gas_facility = oil or gas facility = oil or gas facilities; park;
        parking_lot_or_garage = parking lot or garage = parking lots or garages;
        place_of_worship = place of worship = places of worship; police_station = police station; port; prison; race_track = race track;
        railway_bridge = railway bridge; recreational_facility = recreational facility = recreational facilities; road_bridge = road bridge;
        runway; shipyard; shopping_mall = shopping mall; single-unit_residential = single-unit residential building; smokestack;
        solar_farm = solar farm; space_facility = space facility = space facilities; stadium; storage_tank = storage tank;
        surface_mine = surface mine; swimming_pool = swimming pool; toll_booth = toll booth; tower; tunnel_opening = tunnel opening;
        waste_disposal = waste disposal site; water_treatment_facility = water treatment facility = water treatment facilities;
        wind_farm = wind farm; zoo""",
    ),
    "Million-AID": (
        50,
        """apron; apartment; baseball field; bare land = bare land = -; basketball court; beach = beach = beaches; bridge;
        cemetery = cemetery = cemeteries; church = church = churches; commercial area; dam; desert; detached house; dry field; forest;
        golf course; greenhouse; ground track field; helipad; ice land = ice land = -; intersection; island; lake; meadow; mine;
        mobile home park; oil field; orchard; paddy field; parking lot; pier; quarry = quarry = quarries; railway; river; road;
        rock land = rock land = -; roundabout; runway; solar power plant; sparse shrub land = sparse shrub land = -; stadium; storage tank;
        substation; swimming pool; tennis court; terraced field; train station; viaduct;
        wind turbine; works = factory = factories""",
    ),
    "BigEarthNet 19": (
        19,
        """Urban fabric = urban fabric = -; Industrial or commercial units = industrial or commercial units
        = industrial or commercial units;
        Arable land = arable land = -; Permanent crops = permanent crops = permanent crops; Pastures = pastures = pastures;
        Complex cultivation patterns = complex cultivation patterns = complex cultivation patterns;
        Land principally occupied by agriculture, with significant areas of natural vegetation =
        land principally occupied by agriculture, with significant areas of natural vegetation = -;
        Agro-forestry areas = agro-forestry areas = agro-forestry areas; Broad-leaved forest = broad-leaved forest; Coniferous forest;
        Mixed forest; Natural grassland and sparsely vegetated areas = natural grassland and sparsely vegetated areas
        = natural grassland and sparsely vegetated areas;
        Moors, heathland and sclerophyllous vegetation = moors, heathland and sclerophyllous vegetation
        = moors, heathland and sclerophyllous vegetation;
        Transitional woodland, shrub = transitional woodland and shrub = transitional woodland and shrub;
        Beaches, dunes, sands = beaches, dunes and sands = beaches, dunes and sands; Inland wetlands = inland wetlands = inland wetlands;
        Coastal wetlands = coastal wetlands = coastal wetlands; Inland waters = inland waters = inland waters;
        Marine waters = marine waters = marine waters""",
    ),
    "BigEarthNet 43": (
        43,
        """Continuous urban fabric = continuous urban fabric = -; Discontinuous urban fabric = discontinuous urban fabric = -;
        Industrial or commercial units = industrial or commercial units
        = industrial or commercial units;
        Road and rail networks and associated land = road and rail networks and associated land
        = road and rail networks and associated land;
        Port areas = port areas = port areas; Airports = airports = airports;
        Mineral extraction sites = mineral extraction sites = mineral extraction sites; Dump sites = dump sites = dump sites;
        Construction sites = construction sites = construction sites; Green urban areas = green urban areas = green urban areas;
        Sport and leisure facilities = sport and leisure facilities = sport and leisure facilities;
        Non-irrigated arable land = non-irrigated arable land = -; Permanently irrigated land = permanently irrigated land = -;
        Rice fields = rice fields = rice fields; Vineyards = vineyards = vineyards;
        Fruit trees and berry plantations = fruit trees and berry plantations = fruit trees and berry plantations;
        Olive groves = olive groves = olive groves; Pastures = pastures = pastures;
        Annual crops associated with permanent crops = annual crops associated with permanent crops
        = annual crops associated with permanent crops;
        Complex cultivation patterns = complex cultivation patterns = complex cultivation patterns;
        Land principally occupied by agriculture, with significant areas of natural vegetation =
        land principally occupied by agriculture, with significant areas of natural vegetation = -;
        Agro-forestry areas = agro-forestry areas = agro-forestry areas; Broad-leaved forest = broad-leaved forest; Coniferous forest;
        Mixed forest; Natural grassland = natural grassland = -; Moors and heathland = moors and heathland = moors and heathland;
        Sclerophyllous vegetation = sclerophyllous vegetation = -;
        Transitional woodland/shrub = transitional woodland and shrub = transitional woodland and shrub;
        Beaches, dunes, sands = beaches, dunes and sands = beaches, dunes and sands; Bare rock = bare rock = -;
        Sparsely vegetated areas = sparsely vegetated areas = sparsely vegetated areas; Burnt areas = burnt areas = burnt areas;
        Inland marshes = inland marshes = inland marshes; Peatbogs = peatbogs = peatbogs; Salt marshes = salt marshes = salt marshes;
        Salines = salines = salines; Intertidal flats = intertidal flats = intertidal flats; Water courses = water courses = water courses;
        Water bodies = water bodies = water bodies; Coastal lagoons = coastal lagoons = coastal lagoons;
        Estuaries = estuaries = estuaries; Sea and ocean = sea and ocean = sea and ocean""",
    ),
    "WorldCover": (
        11,
        """Tree cover = tree cover = -; Shrubland = shrubland = -; Grassland = grassland = -; Cropland = cropland = -;
        Built-up = built-up land = -; Bare / sparse vegetation = bare or sparse vegetation = -;
        Snow and ice = snow and ice = snow and ice; Permanent water bodies = permanent water bodies = permanent water bodies;
        Herbaceous wetland; Mangroves = mangroves = mangroves; Moss and lichen = moss and lichen = moss and lichen""",
    ),
    "OpenStreetMap": (
        45,
        """apartments = apartment building; basin; bay; bus_stop = bus stop; bus_station = bus station; canal; cliff;
        commercial = commercial area; farmland = farmland = -; farmyard; fuel = fuel station; garages = row of garages = rows of garages;
        glacier; grass = grass = -; greenhouse; heath = heath = -; hedge; industrial = industrial area; landfill;
        level_crossing = level crossing; multi-storey = multi-storey car park; nature_reserve = nature reserve; parking = parking lot;
        pitch = sports pitch = sports pitches; place_of_worship = place of worship = places of worship; playground; police = police station;
        quarry = quarry = quarries; railway; recreation_ground = recreation ground; reservoir; residential = residential area;
        retail = retail area; scree = scree = -; scrub = scrub = -; service = service road; silo; traffic_signals = traffic signals =
        traffic signals; tree_row = tree row; university = university = universities; village_green = village green; vineyard;
        wastewater_plant = wastewater plant; works = factory = factories; wharf = wharf = wharves""",
    ),
    "STAR": (
        48,
        """airplane; boat; taxiway; boarding_bridge = boarding bridge; tank; ship; crane; car; apron; dock; storehouse;
        goods_yard = goods yard; truck; terminal; runway; breakwater; car_parking = car parking; bridge; cooling_tower = cooling tower;
        truck_parking = truck parking; chimney; vapor = vapor = -; coal_yard = coal yard; genset; smoke = smoke = -;
        gas_station = gas station; lattice_tower = lattice tower; substation; containment_vessel = containment vessel;
        flood_dam = flood dam; ship_lock = ship lock; gravity_dam = gravity dam; arch_dam = arch dam;
        cement_concrete_pavement = cement concrete pavement; toll_gate = toll gate; tower_crane = tower crane;
        engineering_vehicle = engineering vehicle; unfinished_building = unfinished building; foundation_pit = foundation pit;
        wind_mill = wind mill; intersection; roundabout; ground_track_field = ground track field; soccer_ball_field = soccer ball field;
        basketball_court = basketball court; tennis_court = tennis court; baseball_diamond = baseball diamond; stadium""",
    ),
}

# Plural in form, and still nothing that one can count.
COUNTED_IN_AREAS = {
    "annual crops associated with permanent crops", "moors and heathland", "moors, heathland and sclerophyllous vegetation",
    "moss and lichen", "road and rail networks and associated land", "sea and ocean", "snow and ice", "transitional woodland and shrub",
}  # fmt: skip


def rows(text):
    for entry in " ".join(text.split()).split(";"):
        name, *rest = (field.strip() for field in entry.split(" = "))
        noun = rest[0] if rest else name.lower()
        yield name, noun, rest[1] if len(rest) > 1 else f"{noun}s"


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_class_has_its_noun_and_plural(dataset):
    classes, text = DATASETS[dataset]
    table = list(rows(text))
    assert len({name for name, _, _ in table}) == len(table) == classes
    for name, noun, many in table:
        assert noun_of(name) == noun
        assert plural(noun) == (noun if many == "-" else many)
        assert is_countable(noun) == (many != "-" and noun not in COUNTED_IN_AREAS)
        assert is_plural(noun) == (many == noun and not noun.endswith("aircraft"))
        assert plural(plural(noun)) == plural(noun)


@pytest.mark.parametrize(
    ("noun", "bare", "one", "three", "verb"),
    [
        ("airplane", "an airplane", "an airplane", "3 airplanes", "is"),
        ("expressway service area", "an expressway service area", "an expressway service area", "3 expressway service areas", "is"),
        ("A220", "an A220", "an A220", "3 A220s", "is"),
        ("farmland", "farmland", "an area of farmland", "3 areas of farmland", "is"),
        ("tree cover", "tree cover", "an area of tree cover", "3 areas of tree cover", "is"),
        ("pastures", "pastures", "an area of pastures", "3 pastures", "are"),
        ("snow and ice", "snow and ice", "an area of snow and ice", "3 areas of snow and ice", "are"),
        ("aircraft", "an aircraft", "an aircraft", "3 aircraft", "is"),
        ("person", "a person", "a person", "3 people", "is"),
        ("place of worship", "a place of worship", "a place of worship", "3 places of worship", "is"),
    ],
)
def test_articles_counts_and_agreement(noun, bare, one, three, verb):
    assert [indefinite(noun), counted(noun, 1), counted(noun, 3), be(noun)] == [bare, one, three, verb]
    assert be(noun, 3) == "are"
