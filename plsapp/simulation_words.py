"""Words for the demo company's customers: names, titles and messages. All made up; company domains end in `.example`."""


def _words(text: str) -> list[str]:
    return text.split()


COMPANY_FIRST = _words(
    "Alder Amber Anchor Arbor Argon Aspen Aurora Basalt Beacon Birch Bluff Bramble Brook Canyon Cedar Cinder Clover"
    " Cobalt Copper Coral Cove Crane Cypress Dapple Delta Drift Dune Ember Fable Fathom Fennel Fern Fjord Flint Garnet"
    " Glade Granite Harbor Hazel Heron Hollow Indigo Iris Ivory Juniper Kestrel Lantern Larch Laurel Lichen Linden Lumen"
    " Lupine Maple Marble Marsh Meadow Mica Mistral Moss Nectar Nimbus Oak Ochre Onyx Opal Orchid Osprey Otter Pebble"
    " Pine Plover Prairie Quarry Quill Quince Raven Reed Ridge River Rowan Saffron Sage Sierra Slate Sorrel Sparrow"
    " Spruce Summit Tamarind Teal Thistle Timber Topaz Tundra Umber Valley Vesper Violet Willow Wren Yarrow Zephyr"
)
# The second word of a company's name, with its industry.
COMPANY_SECOND = [
    *((word, "Software") for word in ("Labs", "Systems", "Software", "Cloud", "Stack", "Logic", "Apps", "Data")),
    *((word, "Financial services") for word in ("Capital", "Insurance", "Payments", "Bank", "Ledger")),
    *((word, "Health care") for word in ("Health", "Clinics", "Pharma", "Diagnostics")),
    *((word, "Retail") for word in ("Foods", "Outfitters", "Market", "Goods", "Home")),
    *((word, "Manufacturing") for word in ("Works", "Motors", "Tools", "Materials", "Robotics")),
    *((word, "Logistics") for word in ("Freight", "Logistics", "Shipping")),
    *((word, "Media") for word in ("Media", "Studios", "Press")),
    *((word, "Education") for word in ("Academy", "Learning")),
    *((word, "Energy") for word in ("Energy", "Solar", "Grid")),
    *((word, "Consulting") for word in ("Partners", "Advisory", "Group")),
]
FIRST_NAMES = _words(
    "Aaliyah Adaeze Aiko Alejandro Amara Amit Ana Anders Anika Anouk Arjun Astrid Ayşe Beatriz Bilal Björn Camila Carlos"
    " Chen Chiara Chidi Claire Daniel Dana Deniz Diego Dmitri Elena Elif Emeka Emma Eszter Farah Fatima Felix Fumiko"
    " Gabriela Giulia Grace Hana Hannah Haruto Hassan Hiroshi Ibrahim Ines Ingrid Isabel Ivan Jakub Jamal James Jana"
    " Javier Jin João Jonas José Julia Kai Karim Kasia Katarina Keiko Kofi Kwame Lars Layla Leila Lena Liam Lin Lucía"
    " Luka Magnus Mai Malik Marco Maria Mariam Marta Mateo Maya Mei Mina Mohammed Nadia Naledi Ngozi Niamh Nikhil Noah"
    " Noor Olga Oliver Olumide Omar Oscar Paolo Petra Pierre Priya Rafael Rahul Rania Ravi Rosa Ruth Sakura Samir Sana"
    " Santiago Sara Sergei Siobhan Sofia Soo-jin Sven Takumi Tariq Tereza Thandiwe Thi Tomás Valentina Viktor Wanjiru"
    " Wei Xin Yara Yasmin Yuki Yusuf Zainab Zoë Zuzana"
)
LAST_NAMES = _words(
    "Abdi Acheampong Adeyemi Ahmed Almeida Andersen Bakker Banerjee Bauer Becker Bello Bergström Bianchi Boateng Brandt"
    " Brown Carvalho Castillo Chaudhry Chen Chukwu Costa Cruz Dahl Das Delgado Demir Diallo Dubois Eriksen Evans Farouk"
    " Fernández Fischer Fontaine Fujita García Ghosh Gomes Greene Grossi Gupta Haddad Hansen Hashimoto Hernández Hoang"
    " Horváth Huang Hughes Hussein Ibarra Ito Iyer Jansen Jensen Jiménez Johansson Kamau Kapoor Kaya Keller Khalil Khan"
    " Kim Kipkemboi Kobayashi Kovács Kowalski Krüger Kumar Larsen Laurent Lee Lefebvre Lehtonen Li Lindqvist Liu López"
    " Mahlangu Martin Mbeki Mehta Meyer Mendes Mokoena Morales Moreau Moretti Murphy Nakamura Ncube Nguyen Novák Nowak"
    " O'Brien Okafor Oliveira Omondi Ortiz Osei Park Patel Pereira Petrov Pham Popescu Quispe Rahman Ramírez Rao Reyes"
    " Ricci Romano Rossi Ruiz Saito Salazar Santos Sato Schmidt Schneider Sharma Silva Singh Smith Sokolov Sørensen"
    " Suzuki Takahashi Tanaka Torres Tran Tshabalala Turner Vargas Virtanen Wagner Walker Wang Weber Williams Wójcik Wong"
    " Yamamoto Yılmaz Zhang Zhou Zielińska"
)
FREEMAIL = ("gmail.com",) * 6 + (
    "outlook.com",
    "hotmail.com",
    "yahoo.com",
    "icloud.com",
    "proton.me",
    "gmx.de",
    "qq.com",
)
TEAMS = ("Platform", "Research", "Field", "Europe", "Design", "Growth", "Labs", "Americas")

# Titles with their weights: who can sign a contract, and everybody else.
BUYER_TITLES = [
    ("CEO", 5),
    ("Founder & CEO", 6),
    ("Co-Founder & CTO", 5),
    ("CTO", 6),
    ("Chief Product Officer", 2),
    ("Chief Operating Officer", 3),
    ("CIO", 2),
    ("VP Engineering", 5),
    ("VP of Product", 4),
    ("Vice President, Operations", 3),
    ("Head of Product", 5),
    ("Head of Data", 3),
    ("Director of Operations", 4),
    ("Director of Product Management", 3),
    ("Managing Director", 3),
    ("Geschäftsführerin", 1),
    ("Directeur Général", 1),
    ("Directora de Operaciones", 1),
]
SMALL_BUYER_TITLES = [
    ("Founder", 4),
    ("CEO", 3),
    ("Founder & CEO", 5),
    ("Co-Founder & CTO", 4),
    ("CTO", 3),
    ("Owner", 1),
]
OTHER_TITLES = [
    ("Software Engineer", 14),
    ("Senior Software Engineer", 9),
    ("Full Stack Developer", 5),
    ("Data Analyst", 7),
    ("Data Engineer", 4),
    ("Product Manager", 8),
    ("Senior Product Manager", 4),
    ("Product Designer", 6),
    ("UX Researcher", 2),
    ("Engineering Manager", 4),
    ("Head of IT", 1),
    ("IT Manager", 2),
    ("Project Manager", 5),
    ("Operations Manager", 4),
    ("Marketing Manager", 5),
    ("Content Strategist", 2),
    ("Account Executive", 4),
    ("Customer Success Manager", 4),
    ("Support Specialist", 3),
    ("Business Analyst", 4),
    ("Finance Manager", 2),
    ("Controller", 1),
    ("Procurement Specialist", 1),
    ("HR Manager", 1),
    ("Team Lead", 3),
    ("Consultant", 3),
    ("Intern", 2),
    ("Projektleiter", 1),
    ("Chef de projet", 1),
    ("Ingeniera de software", 1),
]
MESSAGES = (
    "We would like to roll this out to the whole department. Who can we talk to?",
    "Do you offer single sign-on and an audit log on a yearly plan?",
    "Our security team needs a data processing agreement before we go on.",
    "We are at our seat limit and want to move about 40 more people over this quarter.",
    "Please show us how others in our industry use the automations.",
    "Can we pay by invoice instead of by card?",
    "We are comparing three tools until the end of the month and would like a demo.",
    "Is there an on-premise version, or hosting in the EU?",
    "Two of our teams already use it. We want one workspace for all of them.",
    "What would 120 seats cost per year?",
)
