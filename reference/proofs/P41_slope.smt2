; property: P41
; operation: mul_da
; statement: the exact slope is sign(b) 2^(E_b + floor(F_a + F_b + f)), and the forward difference of the product inside a piece equals it
; domain: normal operands a, a + ulp of one piece, results in range, slope normal and finite, every policy and compensation of N bits
; mutant: at the edge F_a + F_b = 1 the slope is that of the piece below
; expected: precondition sat, statement unsat, mutant sat

(declare-const gradual Bool)
(declare-const saturate Bool)
(declare-const c Int)
(assert (and (is_compensation c) (= (mod c UNIT) 0)))
(declare-const a Encoding)
(declare-const b Encoding)
(assert (and (is_encoding a) (is_encoding b)))
(assert (and (is_normal a) (is_normal b)))
(define-fun next () Encoding (encoding (negative a) (+ (mag a) UNIT)))
(define-fun carry ((x Encoding)) Int (div (+ (field x) (field b) c) MIN))
(assert (and (is_normal next) (= (E a) (E next)) (= (carry a) (carry next))))
(assert (and (in_range (product_sum c a b)) (in_range (product_sum c next b))))
(define-fun slope_E () Int (+ (E b) (carry a)))
(assert (and (<= (- 1 BIAS) slope_E) (<= (* MIN (+ slope_E BIAS)) MAX)))
(define-fun slope () Encoding (mul_da gradual saturate c a b))
(define-fun low () Encoding (pam gradual saturate c a b))
(define-fun high () Encoding (pam gradual saturate c next b))

(echo "precondition")
(check-sat)

(push 1)
; One ulp of a is 2^(E_a - N). The products differ by one ulp of theirs, 2^(E_low - N), where they share a
; binade, so the ratio is 2^(E_low - E_a), signed as b: a's sign is on both sides.
(assert (not (and
  (= slope (encoding (negative b) (* MIN (+ slope_E BIAS))))
  (= (E low) (E high)) (= (- (field high) (field low)) UNIT)
  (= (E slope) (- (E low) (E a))))))
(echo "statement")
(check-sat)
(pop 1)

(push 1)
(define-fun faulty_E () Int (+ (E b) (div (+ (field a) (field b) c (- 1)) MIN)))
(assert (not (= faulty_E (- (E low) (E a)))))
(echo "mutant")
(check-sat)
(pop 1)
