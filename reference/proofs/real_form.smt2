; The product and the quotient as functions of real numbers: sections 2.1, 4 and 5 of docs/specification.md,
; written from that page alone. It shares the notation of integer_form.smt2, which goes in front, and
; neither its magnitudes M(x) nor its encoding of a sum.
; 2^E (1 + F) is written as the pair of the integer E and the real F, 0 <= F < 1. That pair is unique.

; --- The value of a normal encoding (2.1)

(define-fun real_E ((x Encoding)) Int (- (div (mag x) MIN) BIAS))
(define-fun real_F ((x Encoding)) Real (/ (to_real (mod (mag x) MIN)) (to_real MIN)))

; --- The product and the quotient (5.1, 5.2): T + f or T - f, which moves between the binades

(define-fun product_T ((c Int) (a Encoding) (b Encoding)) Real
  (+ (real_F a) (real_F b) (/ (to_real c) (to_real MIN))))
(define-fun quotient_T ((c Int) (a Encoding) (b Encoding)) Real
  (- (real_F a) (real_F b) (/ (to_real c) (to_real MIN))))
(define-fun frac ((v Real)) Real (- v (to_real (to_int v))))
(define-fun product_E ((c Int) (a Encoding) (b Encoding)) Int
  (+ (real_E a) (real_E b) (to_int (product_T c a b))))
(define-fun product_F ((c Int) (a Encoding) (b Encoding)) Real (frac (product_T c a b)))
(define-fun quotient_E ((c Int) (a Encoding) (b Encoding)) Int
  (+ (real_E a) (- (real_E b)) (to_int (quotient_T c a b))))
(define-fun quotient_F ((c Int) (a Encoding) (b Encoding)) Real (frac (quotient_T c a b)))

; --- Encoding 2^E (1 + F) where it is normal (4): 1 + F is rounded to a multiple of 2^-N, ties to even

(define-fun nearest ((v Real)) Int
  (let ((q (to_int v)))
    (ite (or (> (- v (to_real q)) 0.5) (and (= (- v (to_real q)) 0.5) (= (mod q 2) 1))) (+ q 1) q)))
(define-fun real_magnitude ((E Int) (F Real)) Int
  (+ (* MIN (+ E BIAS)) (* UNIT (nearest (* F (to_real (div MIN UNIT)))))))
