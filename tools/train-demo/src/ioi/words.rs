//! The vocabulary of `ioi-demo`: names, places, objects, other nouns, and function words.

/// The beginning-of-text token and the unknown token, with ids 0 and 1.
pub const SPECIAL: [&str; 2] = ["<|endoftext|>", "[UNK]"];

/// Every word of the templates that is not a name, a place or an object.
pub const FUNCTION: &str = ". , When Then After While and the to at went gave handed passed offered had \
    a it were was long day working together meeting drink present decided give offer hand pass";

pub const NAMES: &str = "Mary John Tom James Dan Sid Martin Amy Anna Paul Alice Bob Carol David Emma Frank \
    Grace Henry Irene Jack Kate Leo Lucy Mark Nina Oscar Peter Quinn Rose Sam Tina Victor Wendy Adam Ben \
    Clara Diana Eric Fiona George Helen Ivan Julia Kevin Laura Max Nora Oliver";

pub const PLACES: &str = "store school park office station hospital restaurant garden house market library \
    museum theatre beach river bridge church hotel farm castle airport bakery stadium cinema";

pub const OBJECTS: &str = "ring kiss bone basketball computer necklace snack book pen ball letter cup key \
    phone ticket hat coat apple cake flower map camera guitar lamp knife spoon";

/// Words that appear only in the sequences of pairs.
pub const NOUNS: &str = "acid actor album alley anchor angel ankle apron arch arena army arrow artist ash atom \
    attic aunt autumn badge bag baker band bank barn barrel basin basket bat bath battle bay beacon bead beak \
    beam bean bear beard bed bee bell belt bench berry bicycle bird blade blanket block blood board boat body \
    bolt bomb boot border bottle bowl box brain branch bread breath brick bride broom brother brush bubble \
    bucket bullet bus bush butter button cabin cable cactus cage calf camel camp canal candle canoe canvas \
    captain car card cart cat cave cellar chain chair chalk charm cheese chess chest chicken child chin circle \
    city clay cliff clock cloth cloud clover coal coast coin collar comb copper coral corn corner cotton couch \
    cousin cow crab cradle crane cream crown crystal curtain dance dawn deer desert desk diamond dinner dirt \
    doctor dog doll dolphin donkey door dove dragon drawer dream dress drum duck dust eagle ear earth egg elbow \
    elephant engine evening eye face fan feather fence field finger fire fish flag flame flute fog foot forest \
    fork fountain fox frog fruit game gate ghost giant glass globe glove goat gold goose grape grass gravel \
    guest gun hair hall hammer harbour hawk hay heart hedge helmet hen hill honey hook horn horse ice ink iron \
    island ivory jacket jar jewel judge juice jungle kettle king kitchen kite knee knight knot ladder lake \
    lawyer leaf leather lemon lime lion lip lizard lock log lung magnet mask mast meadow meal metal milk mill \
    mine mirror monkey moon moss moth mountain mouse mouth mud nail neck needle nest net night nose nurse nut \
    oak oar ocean oil onion orange orchard oven owl page paint palace pan paper parrot path peach pearl pencil \
    pepper piano pie pig pigeon pillow pilot pin pipe pirate plane planet plate plough pocket pond pony pot \
    powder prince puppet purse queen rabbit radio rain ram rat razor ribbon rice road robin rocket roof room \
    root rope rug sail salt sand saw scarf screen sea seed shadow sheep shelf shell ship shirt shoe shop silk \
    silver sister skin sky sled smoke snail snake snow soap sock soil soup spider spring spy square stair star \
    steam steel stick stone storm stove straw street sugar suit sun swan sword table tail tape tea teeth tent \
    thread throne thumb tiger toad toe tooth torch tower town toy train tray tree truck tunnel turkey turtle \
    uncle valley van vase vein vine violin voice wagon wall walnut watch water wave wax web wheel whip whistle \
    wind window wine wing winter wire wolf wood wool worm wrist yard zebra";
