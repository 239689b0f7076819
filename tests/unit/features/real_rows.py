"""Real rows, copied from a folder of real data: sentences, tagged sentences and questions, by language.

Sources: sentences from Universal Dependencies, Common Voice, Tatoeba, WikiANN and others; tags from PAN-X and UD 2.5;
questions from XQuAD, MLQA and TyDiQA-GoldP.
"""

SENTENCES = {
    "ar": "ولا نكلف نفسا إلا وسعها ولدينا كتاب ينطق بالحق وهم لا يظلمون",
    "bn": "তাঁর বাবার নাম জানকীনাথ বসু ও মায়ের নাম প্রভাবতী দেবী।",
    "de": "Beim Erstellen von Podcasts stehen das Sprechen und die Aussprache im Vordergrund.",
    "el": "Για την πονηριά και την εφευρετικότητά του, έλαβε το προσωνύμιο Σίσυφος.",
    "en": "How would I need to set a sump for this 10 gallon?",
    "es": "La Sociedad Mexicana de Geografía y Estadística.",
    "et": "Räigelt palju abi on nendest ' soovitustest ' :D",
    "fa": "ولی مردمی که زیرمیز کار پنهان شده\u200cاند را باید بیرون آورد",
    "fi": "Runkosarjan neljä parasta pääsivät lopputurnaukseen, joka pelattiin Helsingissä 21.11.",
    "fr": "Voilà son cou, ses yeux, ses cheveux, sa main.",
    "he": "חובת הממשלה לסלק לאלתר את חרפתם ולבנות עבורם מוסדות מתאימים.",
    "hi": "मोदी के रैलीस्\u200dथल से नशीली दवाओं के पत्\u200dते मिले: फुलका",
    "hu": "** Bolívia független államként ismeri el Palesztinát.",
    "ja": "自己が物となること、自己がなくなることではない。",
    "ka": "== საქართველოს დემოკრატიული რესპუბლიკის მმართველები ==",
    "kk": "Жақсының ісі жаңбыр сияқты, қас та, дос та пайдаланады.",
    "ko": "네이버 주식회사(NAVER Corporation)는 대한민국의 인터넷 서비스 기업이다.",
    "ml": "ഇവിടെ നാഗരാജാവിനെ പരശുരാമൻ പ്രതിഷ്ഠനടത്തി എന്ന് വിശ്വസിക്കപ്പെടുന്നു.",
    "my": "ရည်မှန်းချက်အတိုင်း၂၀၀၅ခုနှစ်နိုဝင်ဘာလတွင်ဇော်ဂျီမြန်မာဖောင့်ကိုစတင်ဖြန့်ချိခဲ့သည်။",
    "ru": "Президент Аббас посвятил свою жизнь продвижению дела палестинцев.",
    "sw": "Katuni hiyo inakifananisha kipindi cha nne na nepi za mtoto.",
    "ta": "ஊருணி நீர்நிறைந் தற்றே உலகவாம் பேரறிவாளன் திரு.",
    "te": "1943లో కాకినాడ పి.ఆర్.కళాశాలలో చేరి, ఉన్నత విద్యనభ్యసించాడు.",
    "th": "ด้วยการจ่ายภาษีให้กับรัฐบาล",
    "tr": "Bölgeye yakınlığı sebebiyle İsrail gelişmeleri yakından izlemektedir.",
    "ur": "اب ہم احتجاج کر رہے ہیں کہ کشمیر کے سپیشل سٹیٹس کو",
    "vi": "Adam Johnson (cầu thủ bóng đá), hiện đang thi đấu cho Manchester City",
    "yo": "Ṣ’ara gírí kí o lo àwọn ògùn tí Dókítà kọ fún ẹ.",
    "zh": "巴塞隆纳当代艺术博物馆是位于西班牙巴塞隆纳的一座博物馆。",
}

TAGGED = {
    # a word of right-to-left marks, one of a zero-width non-joiner, one of a byte order mark
    "he": (
        ["היא", "סבלה", "מפרידה", "קשה", "עם", "אריק", "איידל", ",", "\u200f\u200f"],
        ["O", "O", "O", "O", "O", "B-PER", "I-PER", "O", "O"],
    ),
    "my": (
        ["ဘကြီးတော်", "(", "စစ်ကိုင်းမင်း", ")", "\u200c", "(", "၁၈၁၉-၁၈၃၇", ")"],
        ["B-ORG", "I-ORG", "I-ORG", "I-ORG", "I-ORG", "O", "O", "O"],
    ),
    "ta": (["\ufeff", "''", ",", "ஆந்திரப்", "பிரதேசத்தின்", "மேற்கு"], ["O", "O", "O", "B-LOC", "I-LOC", "B-LOC"]),
    "hi": (["स्\u200dथान", "का", "अत्\u200dयंत", "महत्\u200dव", "था", "।"], ["O"] * 6),
}

URL = (
    "http://www.google.com/search?hl=en&rlz=1G1GGLQ_ENUS359&q=gunther+uecker+biography&gs_sm=c&gs_upl="
    "484l484l0l5093l1l1l0l0l0l0l328l328l3-1l1l0&um=1&ie=UTF-8&tbm=isch&source=og&sa=N&tab=wi&biw=1221&bih=756"
    "&sei=XVG5TqrrGoXK2AXG0ry-Bw#um=1&hl=en&rlz=1G1GGLQ_ENUS359&tbm=isch&sa=1&q=gunther+uecker+artist"
)
"""The beginning of a word of the English treebank that is a sentence by itself."""

QUESTIONS = {
    "ar": (
        "أمل جرّاح (1945[1]-6 فبراير 2004) شاعرة وروائية سورية.",
        "من هي مؤلفة الرواية الملعونة؟",
        "أمل جرّاح",
    ),
    "de": (
        "1954 Bharat Ratna, höchster ziviler Verdienstorden Indiens",
        "Was ist die höchste Auszeichnung?",
        "Bharat Ratna,",
    ),
    "es": (  # the answer, and with it the context, ends in a zero-width space
        "solo se pueden explicar cuando se considera el aumento de la densidad de nucleones debido a la contracción de "
        "la longitud.[14]\u200b[15]\u200b[16]\u200b",
        "¿Qué debe considerarse al explicar los resultados de las colisiones de partículas?",
        "la densidad de nucleones debido a la contracción de la longitud.[14]\u200b[15]\u200b[16]\u200b",
    ),
    "hi": (
        "ऊतक के अध्ययन को ऊतक विज्ञान (Histology) के रूप में जाना जाता है।",
        "मानव ऊतक का अध्ययन करने के लिए किस शब्द का उपयोग किया जाता है?",
        "ऊतक विज्ञान",
    ),
    "ko": ("2018년 구본무 회장 별세, 제4대 구광모 회장 취임", "LG화학의  회장은 누구인가요?", "구광모"),
    "ru": ("Место, где был похоронен Дудаев, неизвестно.", "Где похоронен Джоха́р Муса́евич Дуда́ев?", "неизвестно"),
    "te": (
        "హెల్త్ లెవల్ సెవెన్, ఇంక్. (HL7.ఇంక్. ) ప్రధాన కార్యాలయం అన్ అర్బోర్, మిచిగాన్\u200cలో ఉంది.[3]",
        "హెల్త్ లెవల్ సెవెన్ సంస్థ ప్రధాన కార్యాలయం ఎక్కడ ఉంది?",
        "అన్ అర్బోర్, మిచిగాన్\u200c",
    ),
    "th": (
        "กระดาษชิ้นหนึ่งถูกพบในภายหลังซึ่งลูเทอร์ได้เขียน คำพูดสุดท้ายของเขา ไว้ คำพูดนั้นเขียนเป็นภาษาละติน",
        "อะไรคือสิ่งที่ถูกค้นพบในภายหลังที่เขียนโดยลูเทอร์?",
        "คำพูดสุดท้ายของเขา",
    ),
    "vi": ("Nesher T: Phiên bản huấn luyện 2 chỗ cho Không quân Israel.", "Quốc gia nào?", "Không quân Israel."),
    "zh": (
        "总共有来自24个国家110名运动员参赛。哈萨克和东加(也是首次参加冬奥)都是首次参加冬奥无舵雪橇比赛。",
        "哪些国家在奥运会期间首次亮相？",
        "哈萨克和东加",
    ),
}
"""Context, question, answer."""
